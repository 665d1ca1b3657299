// Package lodging has an action for other packages.
package lodging

//saga:do Book noundo
func Book() error { return nil }
