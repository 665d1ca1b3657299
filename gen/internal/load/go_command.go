package load

import (
	"errors"
	"os/exec"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/naming"
	"golang.org/x/tools/go/packages"
)

// loadPackages calls packages.Load. If the go command fails, the error is its
// message in one line, without the text that go/packages wraps around it.
func loadPackages(config *packages.Config, patterns []string) ([]*packages.Package, error) {
	pkgs, err := packages.Load(config, patterns...)
	if err == nil {
		if len(pkgs) == 0 {
			return nil, goListError(config, patterns)
		}
		return pkgs, nil
	}
	message, stderr, _ := strings.Cut(err.Error(), ": stderr: ")
	if stderr = goMessage(stderr); stderr != "" {
		return nil, errors.New(stderr)
	}
	return nil, errors.New(naming.JoinLines(strings.TrimPrefix(message, "err: ")))
}

// goListError returns the error of go list for the patterns; nil if it
// succeeds. Unlike go/packages, it runs go list without -e. With -e, the go
// command doesn't print some errors, for example that go.mod needs updates.
func goListError(config *packages.Config, patterns []string) error {
	args := slices.Concat([]string{"list"}, config.BuildFlags, []string{"--"}, patterns)
	list := exec.CommandContext(config.Context, "go", args...)
	list.Dir, list.Env = config.Dir, config.Env
	var stderr strings.Builder
	list.Stderr = &stderr
	if err := list.Run(); err != nil && stderr.Len() > 0 {
		return errors.New(goMessage(stderr.String()))
	}
	return nil
}

// goMessage returns the output of the go command in one line, without its
// prefix.
func goMessage(stderr string) string { return strings.TrimPrefix(naming.JoinLines(stderr), "go: ") }
