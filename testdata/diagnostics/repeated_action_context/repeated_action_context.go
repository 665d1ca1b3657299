package repeated_action_context

import saga "github.com/sagagen/sagagen/runtime"

//saga:do pack noundo
func pack(ctx saga.ActionContext, saga saga.ActionContext) error { return nil }
