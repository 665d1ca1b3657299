package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	saga "github.com/sagagen/sagagen/runtime"
)

// Check reports what is malformed in s. Every store calls it first, so that all refuse the same.
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

// Check reports what is malformed in a. Every store calls it first, so that all refuse the same.
func (a *Append) Check() error {
	if err := checkState(a.State); err != nil {
		return err
	}
	return checkEvents(a.Events, a.Seq)
}

// Check reports what is malformed in c. Every store calls it first, so that all refuse the same.
func (c *Claim) Check() error {
	if c.Owner == "" {
		return errors.New("claimant has no name")
	}
	return cmp.Or(checkText("owner", c.Owner), checkText("queue", c.Queue))
}

// checkText refuses what some database can't keep as text.
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

func checkEvents(events []saga.Event, seq uint64) error {
	if n := uint64(len(events)); n > 0 && seq > math.MaxInt64-n {
		return fmt.Errorf("event number %d is too big", seq)
	}
	for i := range events {
		e := &events[i]
		if want := seq + uint64(i); e.Seq != want {
			return fmt.Errorf("event has number %d, want %d", e.Seq, want)
		}
		if e.Kind < saga.EventStarted || e.Kind > saga.EventAbandoned {
			return fmt.Errorf("event %d: %v is unknown", e.Seq, e.Kind)
		}
		if e.Node < 0 || e.Node > math.MaxInt32 {
			return fmt.Errorf("event %d is of node %d, which no DAG has", e.Seq, e.Node)
		}
	}
	return nil
}
