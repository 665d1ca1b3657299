package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Check returns an error if s is malformed. Every store calls it first in
// Create, so that all stores reject the same arguments.
func (s *NewSaga) Check() error {
	switch {
	case s.ID.IsZero():
		return errors.New("saga has no id")
	case s.Name == "":
		return errors.New("saga has no name")
	case len(s.DAG) == 0:
		return errors.New("saga has no DAG")
	}
	if err := checkText("saga name", string(s.Name)); err != nil {
		return err
	}
	if err := cmp.Or(checkText("owner", s.Owner), checkText("queue", s.Queue)); err != nil {
		return err
	}
	if err := checkState(s.State); err != nil {
		return err
	}
	return checkEvents(s.Events, 0)
}

// Check returns an error if a is malformed. Every store calls it first in the
// method Append, so that all stores reject the same arguments.
func (a *Append) Check() error {
	if err := checkState(a.State); err != nil {
		return err
	}
	return checkEvents(a.Events, a.Seq)
}

// Check returns an error if c is malformed. Every store calls it first in the
// method Claim, so that all stores reject the same arguments.
func (c *Claim) Check() error {
	if c.Owner == "" {
		return errors.New("claim has no owner")
	}
	return cmp.Or(checkText("owner", c.Owner), checkText("queue", c.Queue))
}

// checkText returns an error if some database can't store s as text.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %q is not valid UTF-8", what, s)
	}
	if strings.ContainsRune(s, 0) {
		return fmt.Errorf("%s %q contains a NUL character", what, s)
	}
	return nil
}

func checkState(s saga.State) error {
	if s < saga.StateCreated || s > saga.StateAbandoned {
		return fmt.Errorf("%v is unknown", s)
	}
	return nil
}

func checkEvents(events []engine.Event, seq uint64) error {
	if n := uint64(len(events)); n > 0 && seq > math.MaxInt64-n {
		return fmt.Errorf("event number %d is too large", seq)
	}
	for i := range events {
		e := &events[i]
		if want := seq + uint64(i); e.Seq != want {
			return fmt.Errorf("event has number %d, want %d", e.Seq, want)
		}
		if e.Kind < engine.EventStarted || e.Kind > engine.EventAbandoned {
			return fmt.Errorf("event %d: %v is unknown", e.Seq, e.Kind)
		}
		if e.Node < 0 || e.Node > math.MaxInt32 {
			return fmt.Errorf("event %d has node %d, want 0 to %d", e.Seq, e.Node, math.MaxInt32)
		}
	}
	return nil
}
