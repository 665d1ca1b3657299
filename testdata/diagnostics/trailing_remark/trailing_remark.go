package trailing_remark

//saga:do pack noundo // nothing happens outside
func pack() error { return nil }
