package stale // want package:"directives in stale.go"

// want +2 `generated file stale_saga_gen.go is out of date; run sagagen`
//
//saga:do pack noundo
func pack() error { return nil }
