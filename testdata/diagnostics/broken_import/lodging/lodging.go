// Package lodging has mistakes.
package lodging

//saga:do book noundo
func Book() (chan int, error) { return nil, nil }

//saga:do pay/later noundo
func Pay() error { return nil }
