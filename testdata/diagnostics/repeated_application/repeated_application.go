package repeated_application

// Shop is the application context.
type Shop struct{}

//saga:do pack noundo
func (s *Shop) pack(shop *Shop) error { return nil }

//saga:do ship noundo
func ship(from, to *Shop) error { return nil }
