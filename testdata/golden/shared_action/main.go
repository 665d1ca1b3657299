// Command shared_action uses one action in two sagas. The input of the action
// has a different source in each saga.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Word asks for a word, doubled once.
//
//saga:dag word
//saga:append text=spell
//saga:append double
type Word struct{ Letters string }

// Text asks for a text, doubled and joined with the original.
//
//saga:dag text
//saga:append double
//saga:append last=join
type Text struct{ Text string }

//saga:do spell noundo
func spell(word Word) (Text, error) { return Text{Text: word.Letters}, nil }

// double has an input that is bound to the node text in one saga and to the
// parameters in the other.
//
//saga:do double noundo
func double(text Text) (string, error) { return text.Text + text.Text, nil }

//saga:do join noundo
func join(text Text, double string) (string, error) { return text.Text + "+" + double, nil }

func main() {
	ctx := context.Background()
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	word, err := StartWord(ctx, coordinator, Word{Letters: "ab"})
	if err != nil {
		panic(err)
	}
	wordResult, err := word.Wait(ctx)
	if err != nil {
		panic(err)
	}
	text, err := StartText(ctx, coordinator, Text{Text: "cd"})
	if err != nil {
		panic(err)
	}
	textResult, err := text.Wait(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(wordResult.Double(), textResult.Double(), textResult.Last())
}
