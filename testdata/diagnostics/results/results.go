package results

//saga:do pack
func pack() string { return "" }

//saga:undo pack
func unpack() (string, error) { return "", nil }

//saga:do ship noundo
func ship() {}

//saga:do weigh noundo
func weigh() (int, string, error) { return 0, "", nil }

//saga:do check noundo
func check() (error, error) { return nil, nil }
