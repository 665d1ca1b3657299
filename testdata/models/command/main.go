// Command command has actions whose names begin with the folder's name.
package main

//saga:do pack noundo
func pack() error { return nil }

func main() {}
