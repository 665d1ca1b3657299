package variadic_function

//saga:do pack noundo
func pack(items ...string) error { return nil }
