package gen

import "flag"

// update makes the golden tests write what they would compare with.
var update = flag.Bool("update", false, "rewrite the golden files")
