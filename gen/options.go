package gen

import "github.com/sagagen/sagagen/gen/internal/load"

// Options selects the packages of a run. The zero value selects the package in
// the current directory.
type Options struct {
	// Dir is where the go command runs; relative patterns are relative to it.
	// Default: the current directory.
	Dir string
	// Patterns are patterns of the go command: directories, import paths,
	// "./...". Default: ".".
	Patterns []string
	// Tags are the build tags that are set. Default: none.
	Tags []string
	// Env is the environment of the go command. Default: os.Environ().
	Env []string
	// Timed is called after each stage of a run, in the goroutine that called
	// Generate, Check or Analyze. Default: no call.
	Timed func(Timing)
}

// load returns the options for package load.
func (opts Options) load() load.Options {
	return load.Options{Dir: opts.Dir, Patterns: opts.Patterns, Tags: opts.Tags, Env: opts.Env, Clock: opts.clock}
}
