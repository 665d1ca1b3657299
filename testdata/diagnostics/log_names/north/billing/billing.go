// Package billing has an action for other packages.
package billing

//saga:do charge noundo
func Charge() error { return nil }
