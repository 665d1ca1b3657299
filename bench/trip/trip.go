package trip

import (
	"fmt"
	"strconv"
)

// NewParams returns the parameters of the trip with number n. No two trips are
// equal.
func NewParams(n int64) BookTrip {
	text := strconv.FormatInt(n, 10)
	return BookTrip{Hotel: "hotel " + text, Flight: "flight " + text, Car: "car " + text, Card: "card " + text}
}

// Check returns an error unless got is the output of this trip.
func (t BookTrip) Check(got Summary) error {
	want := Summary{
		Payment: "paid with " + t.Card,
		Hotel:   "room in " + t.Hotel,
		Flight:  "seat on " + t.Flight,
		Car:     "key of " + t.Car,
	}
	if got != want {
		return fmt.Errorf("trip has output %+v, want %+v", got, want)
	}
	return nil
}
