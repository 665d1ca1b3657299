package alike_inputs

//saga:do pack noundo
func pack(itemID string, itemId string) error { return nil }
