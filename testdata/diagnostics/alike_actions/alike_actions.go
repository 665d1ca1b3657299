package alike_actions

//saga:do pack-item noundo
func packItem() error { return nil }

//saga:do packItem noundo
func packItemAgain() error { return nil }
