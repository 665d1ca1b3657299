package left_over

//saga:do pack noundo
func pack() error { return nil }
