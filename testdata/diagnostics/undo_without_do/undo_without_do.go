package undo_without_do

//saga:do pack
func pack() error { return nil }

//saga:undo pakc
func unpack() error { return nil }

//saga:undo ship
func unship() error { return nil }
