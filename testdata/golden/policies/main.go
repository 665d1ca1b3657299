// Command policies has every argument that says how an action is attempted.
package main

import (
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Probe asks for a probe.
//
//saga:dag probe
//saga:append none
//saga:append timeout retry backoff limit
//saga:append all
type Probe struct{}

//saga:do none noundo
func none() (int, error) { return 0, nil }

//saga:do timeout timeout=1500ms noundo
func timeout() (int, error) { return 0, nil }

//saga:do retry retry=0
func retry() (int, error) { return 0, nil }

//saga:undo retry retry=0
func undoRetry() error { return nil }

//saga:do backoff backoff=1m noundo retry=3
func backoff() (int, error) { return 0, nil }

//saga:do limit limit=1
func limit() (int, error) { return 0, nil }

//saga:undo limit limit=2147483647
func undoLimit() error { return nil }

//saga:do all timeout=36h retry=1 backoff=20us limit=20 label="all of \"them\""
func all() (int, error) { return 0, nil }

//saga:undo all limit=5 backoff=90s retry=2 timeout=1h
func undoAll() error { return nil }

func main() {
	registry := NewRegistry()
	for _, name := range registry.Names() {
		action, _ := registry.Lookup(name)
		fmt.Println(name, action.Policy(saga.Do), action.Policy(saga.Undo))
	}
	fmt.Println(ProbeDAG().Label(ProbeDAG().Output()))
}
