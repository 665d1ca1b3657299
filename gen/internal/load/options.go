package load

import (
	"context"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Options selects the packages to read. Apart from Clock, the zero value
// selects the package in the current directory.
type Options struct {
	// Dir is where the go command runs; relative patterns are relative to it.
	// Default: the current directory.
	Dir string
	// Patterns are patterns of the go command. Default: ".".
	Patterns []string
	// Tags are the build tags that are set. Default: none.
	Tags []string
	// Env is the environment of the go command. Default: os.Environ().
	Env []string
	// Clock starts timing a stage; the returned function ends it. An import
	// path in of is the package that the stage is for; of is empty if the stage
	// is for all packages. Required.
	Clock func(stage, of string) (done func())
}

func (opts Options) patterns() []string {
	if len(opts.Patterns) == 0 {
		return []string{"."}
	}
	return opts.Patterns
}

// config returns the configuration for go/packages, without a Mode.
func (opts Options) config(ctx context.Context) *packages.Config {
	config := &packages.Config{Context: ctx, Dir: opts.Dir, Env: opts.Env}
	if config.Env == nil {
		config.Env = os.Environ()
	}
	if len(opts.Tags) > 0 {
		config.BuildFlags = []string{"-tags=" + strings.Join(opts.Tags, ",")}
	}
	return config
}
