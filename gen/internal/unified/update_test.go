package unified

import "flag"

// There are no golden files here; the flag is there so that go test ./gen/... -update works.
var _ = flag.Bool("update", false, "ignored: there are no golden files here")
