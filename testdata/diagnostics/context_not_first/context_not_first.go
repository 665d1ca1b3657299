package context_not_first

import "context"

//saga:do pack noundo
func pack(item string, ctx context.Context) error { return nil }
