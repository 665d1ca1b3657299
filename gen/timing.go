package gen

import "time"

// Timing is how long a part of a run took.
type Timing struct {
	Stage Stage
	// Of is the import path of the package, or the path of the file; empty if the stage is
	// about all packages at once.
	Of   string
	Took time.Duration
}

// Stage is a part of a run.
type Stage string

// The stages, in the order in which they come. Check, emit and write come for each package.
const (
	// StageSearch lists the packages and reads their files for directives, all at once. It is left out where
	// most packages seem to have some.
	StageSearch Stage = "search"
	// StageLoad reads packages with types, all at once. It comes twice where a generated file isn't what
	// it was taken for.
	StageLoad Stage = "load"
	// StageCheck parses the directives of a package, models its sagas and checks them.
	StageCheck Stage = "check"
	// StageEmit makes the content of a package's file and compares it with what is there.
	StageEmit Stage = "emit"
	// StageWrite writes a file that changes.
	StageWrite Stage = "write"
)

// clock starts to measure. What it returns ends that.
func (opts Options) clock(stage Stage, of string) (done func()) {
	if opts.Timed == nil {
		return func() {}
	}
	start := time.Now()
	return func() { opts.Timed(Timing{stage, of, time.Since(start)}) }
}
