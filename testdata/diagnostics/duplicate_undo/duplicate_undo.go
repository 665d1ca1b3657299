package duplicate_undo

//saga:do pack
func pack() error { return nil }

//saga:undo pack
func unpack() error { return nil }

//saga:do wrap
func wrap() error { return nil }

//saga:undo pack
func unwrap() error { return nil }
