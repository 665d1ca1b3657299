// Package starter writes a small saga to begin with. It is what the command sagagen init runs.
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

// Write writes the saga and its test into a folder of a module that has no Go files, and returns the names of the
// files. It never overwrites one.
func Write(dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := checkEmpty(dir); err != nil {
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

// checkEmpty says why there can't be a new package in a folder.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") {
			return fmt.Errorf("%s has the Go file %s; init begins a new package, so run it in a folder without any", dir, entry.Name())
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
			return fmt.Errorf("%s is in no module; run go mod init first", dir)
		}
	}
}

// create writes a file that isn't there yet.
func create(name, content string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// packageName makes the name of a package of that of its folder.
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
		return "orders" // a folder whose name begins with a digit, say
	}
	return name
}
