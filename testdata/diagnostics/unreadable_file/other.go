package unreadable_file

//saga:do pack noundo
func pack( error { return nil }
