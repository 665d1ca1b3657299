// Package billing has an action for others.
package billing

//saga:do charge noundo
func Charge() error { return nil }
