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

var update = flag.Bool("update", false, "rewrite the files that the scripts compare with")

// TestScripts runs each testdata/script/*.txtar. It extracts the archive's
// files into a new directory outside of this repository. Unless the archive has
// a go.mod, the test adds one that requires this module and replaces it with
// the repository. The archive's comment is the script, one command per line:
//
//	[!] exec PROGRAM ARG…    run it; it must succeed, or fail with !
//	status N                 the exit status of the last exec is N
//	[!] stdout|stderr REGEXP the output of the last exec matches
//	cmp FILE1 FILE2          FILE1, which may be stdout or stderr, is equal
//	[!] exists FILE…         the files exist
//	cp FILE1 FILE2           copy FILE1, which may be stdout or stderr
//
// The test builds sagagen into the directory $BIN, which is in the PATH, as the
// go command has to find it too. Spaces separate words; a word in single quotes
// may contain spaces. With -update, cmp writes FILE2 in the archive instead.
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
			s.writeFiles(root)
			for i, line := range strings.Split(string(archive.Comment), "\n") {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					require.NoError(t, s.command(words(line)), "line %d: %s\nstdout:\n%s\nstderr:\n%s",
						i+1, line, s.stdout, s.stderr)
				}
			}
			if s.updated {
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
			}
		})
	}
}
