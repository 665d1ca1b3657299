package gen

import "time"

// Timing is the duration of one stage of a run.
type Timing struct {
	// Stage is the name of the stage. In the order in which they run: "search"
	// lists the packages and looks for directives in their files; "load" reads
	// packages with their types; "check" parses the directives of a package and
	// builds its model; "emit" renders the generated file of a package; "write"
	// writes a file that has changed.
	//
	// Search and load run once for all packages. Search is skipped if most
	// packages seem to have directives; load runs a second time if the package
	// clause of a generated file was wrong.
	Stage string
	// Of is the import path of the package, or for "write" the path of the
	// file. It is empty for "search" and "load".
	Of string
	// Took is the duration of the stage.
	Took time.Duration
}

// clock starts timing a stage. The returned function ends it.
func (opts Options) clock(stage, of string) (done func()) {
	if opts.Timed == nil {
		return func() {}
	}
	start := time.Now()
	return func() { opts.Timed(Timing{Stage: stage, Of: of, Took: time.Since(start)}) }
}
