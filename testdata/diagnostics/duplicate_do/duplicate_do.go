package duplicate_do

//saga:do pack noundo
func pack() error { return nil }

//saga:do pack noundo
func packAgain() error { return nil }
