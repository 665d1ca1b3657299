package quoting

//saga:do pack noundo label="Pack the parcel
func pack() error { return nil }

//saga:do ship noundo label="Ship"it
func ship() error { return nil }

//saga:do weigh noundo label=We"igh"
func weigh() error { return nil }
