// Package starter creates a package with a small saga. The command sagagen init
// uses it.
package starter

import (
	"embed"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed files
var files embed.FS

// Write writes the saga and its test into a directory and returns the names of
// the files. The directory must be in a module and must not contain Go files.
// Write doesn't overwrite files.
func Write(dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := checkNewPackage(dir); err != nil {
		return nil, err
	}
	entries, err := files.ReadDir("files")
	if err != nil {
		return nil, err
	}
	var written []string
	for _, entry := range entries {
		text, err := files.ReadFile(path.Join("files", entry.Name()))
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".txt")
		content := strings.ReplaceAll(string(text), "PACKAGE", packageName(dir))
		if err := create(filepath.Join(dir, name), content); err != nil {
			return nil, err
		}
		written = append(written, name)
	}
	return written, nil
}

// checkNewPackage returns an error if a directory can't hold a new package.
func checkNewPackage(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") {
			return fmt.Errorf("directory %s contains the Go file %s; run init in a directory without Go files",
				dir, entry.Name())
		}
	}
	for above := dir; ; above = filepath.Dir(above) {
		_, err := os.Stat(filepath.Join(above, "go.mod"))
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case above == filepath.Dir(above):
			return fmt.Errorf("directory %s is not in a module; run go mod init first", dir)
		}
	}
}

// create writes a new file. It returns an error if the file exists.
func create(name, content string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// packageName derives a package name from the name of a directory.
func packageName(dir string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, filepath.Base(dir))
	if !token.IsIdentifier(name) || name == "main" {
		return "orders" // for example, the directory name begins with a digit
	}
	return name
}
