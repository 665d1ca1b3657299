package input_types

//saga:do pack
func pack(item string) error { return nil }

//saga:undo pack
func unpack(item int) error { return nil }
