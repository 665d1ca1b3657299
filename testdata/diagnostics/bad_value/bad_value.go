package bad_value

//saga:do pack noundo timeout=10
func pack() error { return nil }

//saga:do ship noundo attempts=-1 backoff=0s limit=0
func ship() error { return nil }

//saga:do weigh noundo label="two\nlines"
func weigh() error { return nil }
