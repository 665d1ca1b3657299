package unified

import "flag"

// The flag makes go test ./gen/... -update work. There are no golden files
// here.
var _ = flag.Bool("update", false, "ignored: this package has no golden files")
