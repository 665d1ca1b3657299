package load

// The stages of a run that this package times.
const (
	// stageSearch lists the packages and reads their files for directives, all at
	// once. It is left out if most packages seem to have directives.
	stageSearch = "search"
	// stageLoad reads packages with their types, all at once. It comes twice if a
	// generated file turns out to be of another package than assumed.
	stageLoad = "load"
)
