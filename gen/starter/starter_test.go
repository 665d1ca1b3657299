package starter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPackageNameIsAnIdentifier(t *testing.T) {
	for dir, want := range map[string]string{
		"/a/shop": "shop", "/a/My-Shop.2": "myshop2",
		"/a/007": "orders", "/a/func": "orders", "/a/main": "orders", "/a/店": "orders", "/": "orders",
	} {
		assert.Equal(t, want, packageName(dir), dir)
	}
}

func TestWriteOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o644))
	written, err := Write(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"order.go", "order_test.go"}, written)
	_, err = Write(dir)
	assert.ErrorContains(t, err, "contains the Go file order.go; run init in a directory without Go files")
	assert.ErrorIs(t, create(filepath.Join(dir, "go.mod"), "module x"), os.ErrExist)
}

func TestWriteRequiresAModule(t *testing.T) {
	dir := t.TempDir()
	_, err := Write(dir)
	require.ErrorContains(t, err, "is not in a module; run go mod init first")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
	_, err = Write(filepath.Join(dir, "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
