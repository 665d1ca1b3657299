// Command undo_unknown has undo functions that take the output as a pointer, so
// they also run after an unknown outcome.
package main

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// Transfer asks for a transfer of money.
//
//saga:dag transfer
//saga:append debit
//saga:append credit
type Transfer struct {
	Amount int
	// Lost is the account whose bank doesn't answer.
	Lost string
}

// Booking is an entry in an account.
type Booking struct{ Amount int }

var errNoAnswer = errors.New("no answer")

//saga:do debit
func debit(transfer Transfer) (Booking, error) { return book(transfer, "debit") }

//saga:undo debit
func undoDebit(debit *Booking, transfer Transfer) error { return reverse("debit", debit) }

//saga:do credit
func credit(transfer Transfer, debit Booking) (Booking, error) { return book(transfer, "credit") }

//saga:undo credit
func undoCredit(credit *Booking, debit Booking) error { return reverse("credit", credit) }

func book(transfer Transfer, account string) (Booking, error) {
	if transfer.Lost == account {
		return Booking{}, saga.Indeterminate(errNoAnswer)
	}
	return Booking{Amount: transfer.Amount}, nil
}

func reverse(account string, booking *Booking) error {
	if booking == nil {
		fmt.Println(account, "may have been booked: reversed if so")
		return nil
	}
	fmt.Println(account, "reversed:", booking.Amount)
	return nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	for _, lost := range []string{"debit", "credit"} {
		run, err := StartTransfer(context.Background(), coordinator, Transfer{Amount: 7, Lost: lost})
		if err != nil {
			panic(err)
		}
		_, err = run.Wait(context.Background())
		fmt.Println(lost, "lost:", errors.As(err, new(*saga.FailedError)))
	}
}
