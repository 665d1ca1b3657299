// Package inputs has the examples of docs/directives.md for the sources of
// inputs.
package inputs

// Move asks for a transfer of money from one account to another.
//
//saga:dag move
//saga:append rate
//saga:append source-account=account target-account=account
//saga:append transfer
type Move struct{ From, To string }

// Account is one of the two accounts.
type Account struct{ Number string }

// Transfer is a started transfer.
type Transfer struct{ Number string }

//saga:do rate noundo
func rate() (float64, error) { return 1.02, nil }

//saga:do account noundo
func findAccount(move Move) (Account, error) { return Account{Number: move.From}, nil }

//saga:do transfer
func transfer(sourceAccount, targetAccount Account, exchangeRate float64) (Transfer, error) {
	return Transfer{Number: sourceAccount.Number + targetAccount.Number}, nil
}

//saga:undo transfer
func reverse(sourceAccount Account, transfer Transfer) error { return nil }
