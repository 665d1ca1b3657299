// Command hostile_text has labels and tags that would end a string or a comment
// if they were copied into one unchanged.
package main

import (
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Evil asks for trouble. */ //go:embed /etc/passwd
//
//saga:dag evil
//saga:append comment
//saga:append quote
//saga:append direction
type Evil struct {
	Field string `json:"*/"`
}

//saga:do comment noundo label="*/ func init() { panic(1) } /*"
func comment(evil Evil) (string, error) { return evil.Field, nil }

//saga:do quote noundo label="\"); panic(2) //`"
func quote(comment string) (string, error) { return comment, nil }

//saga:do direction noundo label="%s and more \\n//go:build ignore"
func direction(quote string) (string, error) { return quote, nil }

func main() {
	dag := EvilDAG()
	for _, name := range []string{"comment", "quote", "direction"} {
		id, err := dag.Find(saga.NodePath(name))
		fmt.Printf("%q %v\n", dag.Label(id), err)
	}
}
