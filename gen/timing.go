package gen

import "time"

// Timing is how long one part of a run took.
type Timing struct {
	// Stage is "search", "load", "check", "emit" or "write", in the order in which
	// they come. Search, which lists packages and reads their files for directives,
	// and load, which reads packages with their types, are about all packages at
	// once; search is left out if most packages seem to have directives. The others
	// come for each package.
	Stage string
	// Of is the import path of the package, or for write the path of the file. It
	// is empty if the stage is about all packages at once.
	Of string
	// Took is how long it took.
	Took time.Duration
}

// clock starts to time a stage. The function that it returns reports the time.
func (opts Options) clock(stage, of string) (done func()) {
	if opts.Timed == nil {
		return func() {}
	}
	start := time.Now()
	return func() { opts.Timed(Timing{stage, of, time.Since(start)}) }
}
