package noundo_with_undo

//saga:do pack noundo
func pack() error { return nil }

//saga:undo pack
func unpack() error { return nil }
