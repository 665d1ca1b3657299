package second_role

//saga:do pack noundo
//saga:do wrap noundo
func pack() error { return nil }

//saga:do ship noundo
//saga:do ship noundo
func ship() error { return nil }
