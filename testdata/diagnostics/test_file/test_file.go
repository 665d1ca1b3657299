package test_file

//saga:do pack noundo
func pack() error { return nil }
