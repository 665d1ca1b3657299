package output_not_generated

//saga:do pack noundo
func pack() error { return nil }
