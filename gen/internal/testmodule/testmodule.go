// Package testmodule writes Go modules for the tests of package gen and the
// packages below it.
package testmodule

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const OrderSource = `package order

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

//saga:do pack noundo
func pack(order Order) error { return nil }

func use() { _ = NewRegistry }
`

// Write writes a module with the given files, by path, and returns its folder.
func Write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	files["go.mod"] = "module example.com/shop\n\ngo 1.26\n"
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// WriteDepending writes the go.mod and go.sum of a module that depends on this
// module, replaced by this checkout.
func WriteDepending(t testing.TB, dir, module string) {
	t.Helper()
	root, err := moduleRoot()
	require.NoError(t, err)
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	goMod = bytes.Replace(goMod, []byte("module github.com/sagagen/sagagen\n"), []byte("module "+module+"\n"), 1)
	goMod = fmt.Appendf(goMod, "\nrequire github.com/sagagen/sagagen v0.0.0\n\nreplace github.com/sagagen/sagagen => %s\n", root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), goMod, 0o644))
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), goSum, 0o644))
}

// moduleRoot returns the folder of this module.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}
