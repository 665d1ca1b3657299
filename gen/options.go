package gen

import "github.com/sagagen/sagagen/gen/internal/load"

// Options say what to read. The zero value stands for the package in the current directory.
type Options struct {
	// Dir is where the go command runs, and what relative patterns are relative to.
	// It defaults to the current directory.
	Dir string
	// Patterns are those of the go command: directories, import paths, "./...".
	// They default to ".".
	Patterns []string
	// Tags are build tags that hold. They default to none.
	Tags []string
	// Env is the environment of the go command. It defaults to os.Environ.
	Env []string
	// Timed, if it isn't nil, is called after each part of the run, by the goroutine that runs it. It defaults to nil.
	Timed func(Timing)
}

// load returns what package load needs of the options.
func (opts Options) load() load.Options {
	return load.Options{Dir: opts.Dir, Patterns: opts.Patterns, Tags: opts.Tags, Env: opts.Env, Clock: opts.clock}
}
