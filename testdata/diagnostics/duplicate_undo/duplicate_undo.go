package duplicate_undo

//saga:do pack
func pack() error { return nil }

//saga:undo pack
func unpack() error { return nil }

//saga:undo pack
func unpackAgain() error { return nil }
