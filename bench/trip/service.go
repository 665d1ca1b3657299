// Package trip is the saga that the benchmarks run: the shape of examples/trip, with actions that only compute.
package trip

import "context"

//go:generate go tool sagagen

// BookTrip asks for a whole trip.
//
//saga:dag book-trip
//saga:append payment
//saga:append hotel flight car
//saga:append summary
type BookTrip struct {
	Hotel  string
	Flight string
	Car    string
	Card   string
}

// Payment says that the card was charged.
type Payment struct{ Number string }

// Hotel says that a room is held.
type Hotel struct{ Number string }

// Flight says that a seat is held.
type Flight struct{ Number string }

// Car says that a car is held.
type Car struct{ Number string }

// Summary is what the traveller gets in the end.
type Summary struct {
	Payment string `json:"payment"`
	Hotel   string `json:"hotel"`
	Flight  string `json:"flight"`
	Car     string `json:"car"`
}

// Service has the actions. Every system that is measured calls the same ones.
type Service struct {
	// Charging is told of each call of ChargeCard, if it is not nil.
	Charging func(BookTrip)
}

// ChargeCard is the action payment.
//
//saga:do payment
func (s *Service) ChargeCard(_ context.Context, trip BookTrip) (Payment, error) {
	if s.Charging != nil {
		s.Charging(trip)
	}
	return Payment{Number: "paid with " + trip.Card}, nil
}

// RefundCard is its undo.
//
//saga:undo payment
func (s *Service) RefundCard(context.Context, Payment) error { return nil }

// BookHotel is the action hotel.
//
//saga:do hotel
func (s *Service) BookHotel(_ context.Context, trip BookTrip) (Hotel, error) {
	return Hotel{Number: "room in " + trip.Hotel}, nil
}

// CancelHotel is its undo.
//
//saga:undo hotel
func (s *Service) CancelHotel(context.Context, Hotel) error { return nil }

// BookFlight is the action flight.
//
//saga:do flight
func (s *Service) BookFlight(_ context.Context, trip BookTrip) (Flight, error) {
	return Flight{Number: "seat on " + trip.Flight}, nil
}

// CancelFlight is its undo.
//
//saga:undo flight
func (s *Service) CancelFlight(context.Context, Flight) error { return nil }

// BookCar is the action car.
//
//saga:do car
func (s *Service) BookCar(_ context.Context, trip BookTrip) (Car, error) {
	return Car{Number: "key of " + trip.Car}, nil
}

// CancelCar is its undo.
//
//saga:undo car
func (s *Service) CancelCar(context.Context, Car) error { return nil }

// Summarize is the action summary.
//
//saga:do summary noundo
func Summarize(payment Payment, hotel Hotel, flight Flight, car Car) (Summary, error) {
	return Summary{Payment: payment.Number, Hotel: hotel.Number, Flight: flight.Number, Car: car.Number}, nil
}
