// Command command has an action whose full name begins with the name of its
// directory.
package main

//saga:do pack noundo
func pack() error { return nil }

func main() {}
