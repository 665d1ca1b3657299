package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// script is a running script.
type script struct {
	t       *testing.T
	archive *txtar.Archive
	dir     string
	bin     string // the directory of the sagagen binary
	env     []string
	updated bool // the archive has changed

	// The output and the exit status of the last exec.
	stdout, stderr []byte
	status         int
}

// writeFiles writes the archive's files, after a go.mod and a go.sum.
func (s *script) writeFiles(root string) {
	write := func(name string, data []byte) {
		path := filepath.Join(s.dir, name)
		require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(s.t, os.WriteFile(path, data, 0o644))
	}
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(s.t, err)
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(s.t, err)
	goMod = bytes.Replace(goMod, []byte("module github.com/sagagen/sagagen\n"), []byte("module example.com/app\n"), 1)
	goMod = fmt.Appendf(goMod, `
require github.com/sagagen/sagagen v0.0.0

replace github.com/sagagen/sagagen => %s

tool github.com/sagagen/sagagen/cmd/sagagen
`, root)
	write("go.mod", goMod)
	write("go.sum", goSum)
	for _, f := range s.archive.Files {
		write(f.Name, f.Data)
	}
}

func (s *script) command(args []string) error {
	negated := args[0] == "!"
	if negated {
		args = args[1:]
	}
	name, args := args[0], args[1:]
	switch {
	case name == "exec" && len(args) > 0:
		return s.exec(negated, args)
	case name == "status" && len(args) == 1:
		if fmt.Sprint(s.status) != args[0] {
			return fmt.Errorf("exit status is %d", s.status)
		}
		return nil
	case (name == "stdout" || name == "stderr") && len(args) == 1:
		text, err := s.read(name)
		if err != nil {
			return err
		}
		pattern, err := regexp.Compile("(?m)" + args[0])
		if err == nil && pattern.Match(text) == negated {
			err = errors.New(map[bool]string{true: "matches", false: "doesn't match"}[negated])
		}
		return err
	case name == "cmp" && len(args) == 2:
		return s.cmp(args[0], args[1])
	case name == "exists":
		for _, arg := range args {
			if _, err := os.Stat(filepath.Join(s.dir, arg)); (err != nil) != negated {
				return fmt.Errorf("stat %s: %v", arg, err)
			}
		}
		return nil
	case name == "cp" && len(args) == 2:
		data, err := s.read(args[0])
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(s.dir, args[1]), data, 0o644)
	}
	return errors.New("unknown command")
}

func (s *script) exec(negated bool, args []string) error {
	var stdout, stderr bytes.Buffer
	program := args[0]
	switch {
	case program == "sagagen":
		program = filepath.Join(s.bin, program)
	case strings.Contains(program, "/"):
		program = filepath.Join(s.dir, program)
	}
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$BIN", s.bin)
	}
	cmd := exec.CommandContext(s.t.Context(), program, args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &stdout, &stderr
	err := cmd.Run()
	s.stdout, s.stderr, s.status = stdout.Bytes(), stderr.Bytes(), cmd.ProcessState.ExitCode()
	if negated && err == nil {
		return errors.New("succeeded")
	}
	if negated {
		return nil
	}
	return err
}

func (s *script) read(name string) ([]byte, error) {
	switch name {
	case "stdout":
		return s.stdout, nil
	case "stderr":
		return s.stderr, nil
	}
	return os.ReadFile(filepath.Join(s.dir, name))
}

func (s *script) cmp(name1, name2 string) error {
	got, err := s.read(name1)
	if err != nil {
		return err
	}
	want, err := s.read(name2)
	if err != nil || bytes.Equal(got, want) {
		return err
	}
	for i := range s.archive.Files {
		if f := &s.archive.Files[i]; *update && f.Name == name2 {
			f.Data, s.updated = got, true
			return nil
		}
	}
	return fmt.Errorf("%s and %s differ:\n%s\n---\n%s", name1, name2, got, want)
}

// words splits a line into words. Single quotes enclose a word with spaces.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}
