// Command edges declares edges between nodes where stages are too coarse: b1
// doesn't wait for c1.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Letters asks for letters.
//
//saga:dag letters
//saga:node end=joined after=b1,c2
//saga:node a=letter
//saga:node b1=followed after=a
//saga:node c1=followed after=a
//saga:node c2=after-c1 after=c1
type Letters struct{ First string }

// Word asks for more letters than fit on one line of generated code.
//
//saga:dag word
//saga:node u=spell
//saga:node v=spell
//saga:node w=spell
//saga:node x=spell after=u,v
//saga:node y=spell
//saga:node z=spell
//saga:node length after=v,w,x,y,z
type Word struct{ Letter string }

//saga:do spell noundo
func spell(word Word) (string, error) { return word.Letter, nil }

//saga:do length noundo
func length(v, w, x, y, z string) (int, error) { return len(v + w + x + y + z), nil }

//saga:do letter noundo
func letter(letters Letters) (string, error) { return letters.First, nil }

//saga:do followed noundo
func followed(a string) (string, error) { return a + "x", nil }

//saga:do after-c1 noundo
func afterC1(c1 string) (string, error) { return c1 + "y", nil }

//saga:do joined noundo
func joined(b1, c2 string) ([]string, error) { return []string{b1, c2}, nil }

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartLetters(context.Background(), coordinator, Letters{First: "a"})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.Join(result.End(), " "))

	word, err := StartWord(context.Background(), coordinator, Word{Letter: "m"})
	if err != nil {
		panic(err)
	}
	spelt, err := word.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(spelt.Length())
}
