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

// PaymentService charges cards. Its methods are idempotent: the service
// recognizes a repeated request by the idempotency key of the calling action.
type PaymentService interface {
	// Charge charges a card and returns the number of the payment.
	Charge(ctx context.Context, card string) (number string, err error)
	// Refund refunds a payment.
	Refund(ctx context.Context, number string) error
	// RefundUnconfirmed refunds the Charge of the same node. It does nothing if
	// the service received no such request.
	RefundUnconfirmed(ctx context.Context) error
}

// BookingService books hotels, flights or cars. Its methods are idempotent,
// like those of PaymentService.
type BookingService interface {
	// Book books the hotel, flight or car with that name and returns the number
	// of the booking.
	Book(ctx context.Context, name string) (number string, err error)
	// Cancel cancels a booking.
	Cancel(ctx context.Context, number string) error
}

// Ledger simulates all services and keeps their records in memory.
//
// The services of a real trip survive a crash of this program. A ledger
// doesn't: after a restart it is empty. The program still works, because a
// number is computed from the idempotency key of the action. A booking that is
// repeated after a crash gets the same number again. If a number that the
// ledger doesn't know is canceled, then an earlier run booked it.
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
	// Done is set if this run charged or booked it, and Undone if this run
	// refunded or canceled it.
	Done, Undone bool
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{entries: map[string]*Entry{}} }

// NewService returns the application context of the actions. The ledger
// simulates all of its services.
func NewService(ledger *Ledger) *Service {
	services := ledgerServices{ledger}
	return &Service{Payments: services, Hotels: services, Flights: services, Cars: services}
}

// Entries returns the entries of a saga, sorted by node.
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

// ledgerServices implements all services. The calling node determines which
// service a request is for.
type ledgerServices struct{ ledger *Ledger }

func (s ledgerServices) Charge(ctx context.Context, card string) (string, error) {
	return s.do(ctx, card)
}

func (s ledgerServices) Refund(ctx context.Context, number string) error {
	return s.undo(ctx, number)
}

func (s ledgerServices) RefundUnconfirmed(ctx context.Context) error {
	action, err := actionOf(ctx)
	if err != nil {
		return err
	}
	number := numberOf(action)
	s.ledger.mu.Lock()
	_, charged := s.ledger.entries[number]
	s.ledger.mu.Unlock()
	if !charged {
		return nil
	}
	return s.undo(ctx, number)
}

func (s ledgerServices) Book(ctx context.Context, name string) (string, error) {
	return s.do(ctx, name)
}

func (s ledgerServices) Cancel(ctx context.Context, number string) error {
	return s.undo(ctx, number)
}

func (s ledgerServices) do(ctx context.Context, name string) (string, error) {
	action, err := actionOf(ctx)
	if err != nil {
		return "", err
	}
	number := numberOf(action)
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	if _, repeated := s.ledger.entries[number]; !repeated {
		s.ledger.entries[number] = &Entry{
			Saga: action.SagaID(), Node: action.Node(), Number: number, Name: name, Done: true,
		}
	}
	return number, nil
}

func (s ledgerServices) undo(ctx context.Context, number string) error {
	action, err := actionOf(ctx)
	if err != nil {
		return err
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	entry, ok := s.ledger.entries[number]
	if !ok {
		entry = &Entry{Saga: action.SagaID(), Node: action.Node(), Number: number}
		s.ledger.entries[number] = entry
	}
	entry.Undone = true
	return nil
}

func actionOf(ctx context.Context) (saga.ActionContext, error) {
	action, ok := saga.FromContext(ctx)
	if !ok {
		return action, errors.New("the ledger needs the context of an action, for its idempotency key")
	}
	return action, nil
}

// numberOf returns a number such as "HOT-5f2b1c9a". It is computed from the
// idempotency key of the node's do function, which is the same in each attempt,
// in the undo function and after a restart.
func numberOf(action saga.ActionContext) string {
	prefix := strings.ToUpper(fmt.Sprintf("%.3s", action.Node()))
	return fmt.Sprintf("%s-%x", prefix, sha256.Sum256([]byte(action.DoKey())))[:len("HOT-5f2b1c9a")]
}
