package order

//saga:do pack noundo
func pack() error { return nil }
