package trip

import (
	"fmt"
	"strconv"
)

// Number returns the parameters of the trip with that number. No two trips are alike.
func Number(n int64) BookTrip {
	text := strconv.FormatInt(n, 10)
	return BookTrip{Hotel: "hotel " + text, Flight: "flight " + text, Car: "car " + text, Card: "card " + text}
}

// Check returns an error unless got is what this trip comes to.
func (t BookTrip) Check(got Summary) error {
	want := Summary{
		Payment: "paid with " + t.Card,
		Hotel:   "room in " + t.Hotel,
		Flight:  "seat on " + t.Flight,
		Car:     "key of " + t.Car,
	}
	if got != want {
		return fmt.Errorf("trip came to %+v, want %+v", got, want)
	}
	return nil
}
