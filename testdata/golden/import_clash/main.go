// Command import_clash declares names that the generated file would otherwise
// use for its imports and variables.
package main

import (
	stdcontext "context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
	tales "github.com/sagagen/sagagen/testdata/golden/import_clash/saga"
)

var (
	context  = "context"
	registry = "registry"
	app      = "app"
)

// Library is the application context.
type Library struct{}

func library() *Library { return &Library{} }

type time struct{ Hours int }

// Evening asks for an evening.
//
//saga:dag evening
//saga:append in
//saga:append out
type Evening struct{}

//saga:do in timeout=3s
func in(ctx stdcontext.Context, evening Evening, library *Library) (time, error) {
	return time{Hours: 2}, nil
}

//saga:undo in
func (l *Library) leave(in time) error { return nil }

//saga:do out noundo
func out(ctx stdcontext.Context, in time) (tales.Tale, error) {
	return tales.Tale{Title: fmt.Sprint(context, registry, app, in.Hours)}, nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(library())})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartEvening(stdcontext.Background(), coordinator, Evening{})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(stdcontext.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.In(), result.Out())
}
