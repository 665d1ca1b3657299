package gen

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWriteFileLeavesAFileWithThatContentAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x_saga_gen.go")
	changed, err := writeFile(path, []byte("package x\n"))
	require.NoError(t, err)
	assert.True(t, changed)
	before, err := os.Stat(path)
	require.NoError(t, err)

	changed, err = writeFile(path, []byte("package x\n"))
	require.NoError(t, err)
	assert.False(t, changed)
	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "not replaced")
	assert.Equal(t, before.ModTime(), after.ModTime())
}

func TestWriteFileKeepsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x_saga_gen.go")
	require.NoError(t, os.WriteFile(path, nil, 0o640))
	changed, err := writeFile(path, []byte("package x\n"))
	require.NoError(t, err)
	assert.True(t, changed)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode())
}

func TestWriteFileLeavesNothingBehindWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x_saga_gen.go")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "a folder in the way"), 0o755))
	_, err := writeFile(path, []byte("package x\n"))
	require.Error(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)

	_, err = writeFile(filepath.Join(dir, "missing", "x_saga_gen.go"), nil)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
