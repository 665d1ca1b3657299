package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// TestScripts runs each testdata/script/*.txtar. The archive's files are put into a new folder outside of
// this repository, with a go.mod that requires and replaces it unless the archive has one. Its
// comment is the script, a command a line:
//
//	[!] exec PROGRAM ARG…    run it; it must succeed, or with ! fail
//	status N                 the last exec ended with that exit status
//	[!] stdout|stderr REGEXP what the last exec printed matches
//	cmp FILE1 FILE2          they are equal; FILE1 may be stdout or stderr
//	[!] exists FILE…         they exist
//	cp FILE1 FILE2           FILE1 may be stdout or stderr
//
// The program is built, as the go command runs it too, and is in $BIN, which is in the PATH. Words are separated by spaces; one in single quotes may contain them. With -update, cmp writes the
// FILE2 in the archive instead.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	scripts, err := filepath.Glob(filepath.Join(root, "testdata", "script", "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+string(filepath.Separator), ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			s := &script{t: t, archive: archive, dir: t.TempDir(), bin: bin}
			s.env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
				"GOPROXY=off", "GOFLAGS=-buildvcs=false", "GOWORK=off", "PWD="+s.dir)
			s.files(root)
			for i, line := range strings.Split(string(archive.Comment), "\n") {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					require.NoError(t, s.command(words(line)), "line %d: %s\nstdout:\n%s\nstderr:\n%s", i+1, line, s.stdout, s.stderr)
				}
			}
			if s.updated {
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
			}
		})
	}
}
