package missing_undo

//saga:do pack label="Pack"
func pack() error { return nil }
