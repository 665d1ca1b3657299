package gen

import "flag"

// update makes the golden tests rewrite their files.
var update = flag.Bool("update", false, "rewrite the golden files")
