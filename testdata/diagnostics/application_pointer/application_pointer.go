package application_pointer

// Shop is the application context.
type Shop struct{}

//saga:do pack noundo
func (s *Shop) pack() error { return nil }

//saga:do ship noundo
func ship(shop Shop) error { return nil }
