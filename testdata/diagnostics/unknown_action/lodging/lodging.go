// Package lodging has an action for others.
package lodging

//saga:do Book noundo
func Book() error { return nil }
