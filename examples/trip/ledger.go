package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
)

// PaymentService takes payments. It knows a request that it has served by the key of the action that makes it.
type PaymentService interface {
	// Charge charges a card and returns the payment's number.
	Charge(ctx context.Context, card string) (number string, err error)
	// Refund gives a payment back. It does nothing if that has been done.
	Refund(ctx context.Context, number string) error
	// RefundUnconfirmed gives back what was charged by the Charge of the same node, if anything was.
	RefundUnconfirmed(ctx context.Context) error
}

// BookingService takes bookings of one sort. It knows a request that it has served as a PaymentService does.
type BookingService interface {
	// Book books what is named and returns the booking's number.
	Book(ctx context.Context, name string) (number string, err error)
	// Cancel cancels a booking. It does nothing if that has been done.
	Cancel(ctx context.Context, number string) error
}

// Ledger stands in for all the services, and keeps their books in memory.
//
// The services of a real trip outlive a crash of this program; a ledger doesn't, so that the one of the next run has no
// entry of what was booked before. It makes sense anyway. Numbers follow from the action's key: a booking that was
// made, not recorded in the log, and is made again after the crash has the number that it had. And a number that is to be
// cancelled, and that no entry has, is one of an earlier run; its entry says so.
type Ledger struct {
	mu      sync.Mutex
	entries map[string]*Entry // by number
}

// Entry is one payment or booking.
type Entry struct {
	Saga   saga.ID
	Node   saga.NodePath
	Number string
	Name   string // the card, hotel, flight or car
	// Done says that it was charged or booked in this run, Undone that it was refunded or cancelled.
	Done, Undone bool
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{entries: map[string]*Entry{}} }

// NewService returns the application context of the actions, all of whose services are the ledger.
func NewService(ledger *Ledger) *Service {
	desk := desk{ledger}
	return &Service{Payments: desk, Hotels: desk, Flights: desk, Cars: desk}
}

// Entries returns the entries of a saga, by their nodes' names.
func (l *Ledger) Entries(id saga.ID) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var entries []Entry
	for _, e := range l.entries {
		if e.Saga == id {
			entries = append(entries, *e)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(string(a.Node), string(b.Node)) })
	return entries
}

// desk is where the ledger takes orders, of any sort: what they are about follows from the node.
type desk struct{ ledger *Ledger }

func (d desk) Charge(ctx context.Context, card string) (string, error) { return d.do(ctx, card) }
func (d desk) Refund(ctx context.Context, number string) error         { return d.undo(ctx, number) }
func (d desk) Book(ctx context.Context, name string) (string, error)   { return d.do(ctx, name) }
func (d desk) Cancel(ctx context.Context, number string) error         { return d.undo(ctx, number) }

func (d desk) RefundUnconfirmed(ctx context.Context) error {
	action, err := actionOf(ctx)
	if err != nil {
		return err
	}
	number := numberOf(action)
	d.ledger.mu.Lock()
	_, charged := d.ledger.entries[number]
	d.ledger.mu.Unlock()
	if !charged {
		return nil
	}
	return d.undo(ctx, number)
}

func (d desk) do(ctx context.Context, name string) (string, error) {
	action, err := actionOf(ctx)
	if err != nil {
		return "", err
	}
	number := numberOf(action)
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	if _, served := d.ledger.entries[number]; !served {
		d.ledger.entries[number] = &Entry{Saga: action.SagaID(), Node: action.Node(), Number: number, Name: name, Done: true}
	}
	return number, nil
}

func (d desk) undo(ctx context.Context, number string) error {
	action, err := actionOf(ctx)
	if err != nil {
		return err
	}
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	entry, ok := d.ledger.entries[number]
	if !ok {
		entry = &Entry{Saga: action.SagaID(), Node: action.Node(), Number: number}
		d.ledger.entries[number] = entry
	}
	entry.Undone = true
	return nil
}

func actionOf(ctx context.Context) (saga.ActionContext, error) {
	action, ok := saga.FromContext(ctx)
	if !ok {
		return action, errors.New("the services are for actions only, which have a key")
	}
	return action, nil
}

// numberOf makes a number as in "HOT-5f2b1c9a" of the key that the node's do function has, in every attempt and every run.
func numberOf(action saga.ActionContext) string {
	prefix := strings.ToUpper(fmt.Sprintf("%.3s", action.Node()))
	return fmt.Sprintf("%s-%x", prefix, sha256.Sum256([]byte(action.DoKey())))[:len("HOT-5f2b1c9a")]
}
