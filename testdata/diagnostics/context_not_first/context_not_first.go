package context_not_first

import "context"

//saga:do pack noundo
func pack(item string, ctx context.Context) error { return nil }

//saga:do ship noundo
func ship(ctx context.Context, item string, again context.Context) error { return nil }
