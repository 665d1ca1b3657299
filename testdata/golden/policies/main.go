// Command policies sets every argument that controls the attempts of an action.
package main

import (
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Probe asks for a probe.
//
//saga:dag probe
//saga:append none
//saga:append timeout attempts backoff limit
//saga:append all
type Probe struct{}

//saga:do none noundo
func none() (int, error) { return 0, nil }

//saga:do timeout timeout=1500ms noundo
func timeout() (int, error) { return 0, nil }

//saga:do attempts attempts=1
func attempts() (int, error) { return 0, nil }

//saga:undo attempts attempts=1
func undoAttempts() error { return nil }

//saga:do backoff backoff=1m noundo attempts=4
func backoff() (int, error) { return 0, nil }

//saga:do limit limit=1
func limit() (int, error) { return 0, nil }

//saga:undo limit limit=2147483647
func undoLimit() error { return nil }

//saga:do all timeout=36h attempts=2 backoff=20us limit=20 label="all of \"them\""
func all() (int, error) { return 0, nil }

//saga:undo all limit=5 backoff=90s attempts=3 timeout=1h
func undoAll() error { return nil }

func main() {
	registry := NewRegistry()
	for _, name := range registry.Names() {
		action, _ := registry.Lookup(name)
		fmt.Println(name, action.Policy(saga.Do), action.Policy(saga.Undo))
	}
	fmt.Println(ProbeDAG().Label(ProbeDAG().Output()))
}
