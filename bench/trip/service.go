// Package trip has the saga of the benchmarks. It has the shape of
// examples/trip, but its actions only compute.
package trip

import "context"

//go:generate go tool sagagen

// BookTrip has the parameters of a trip.
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

// Payment is the output of the node payment.
type Payment struct{ Number string }

// Hotel is the output of the node hotel.
type Hotel struct{ Number string }

// Flight is the output of the node flight.
type Flight struct{ Number string }

// Car is the output of the node car.
type Car struct{ Number string }

// Summary is the output of the saga.
type Summary struct {
	Payment string `json:"payment"`
	Hotel   string `json:"hotel"`
	Flight  string `json:"flight"`
	Car     string `json:"car"`
}

// Service has the functions of a trip. All measured systems call them.
type Service struct {
	// OnCharge, if not nil, is called in each call of ChargeCard.
	OnCharge func(BookTrip)
}

// ChargeCard is the do function of the action payment.
//
//saga:do payment
func (s *Service) ChargeCard(_ context.Context, trip BookTrip) (Payment, error) {
	if s.OnCharge != nil {
		s.OnCharge(trip)
	}
	return Payment{Number: "paid with " + trip.Card}, nil
}

// RefundCard undoes ChargeCard.
//
//saga:undo payment
func (s *Service) RefundCard(context.Context, Payment) error { return nil }

// BookHotel is the do function of the action hotel.
//
//saga:do hotel
func (s *Service) BookHotel(_ context.Context, trip BookTrip) (Hotel, error) {
	return Hotel{Number: "room in " + trip.Hotel}, nil
}

// CancelHotel undoes BookHotel.
//
//saga:undo hotel
func (s *Service) CancelHotel(context.Context, Hotel) error { return nil }

// BookFlight is the do function of the action flight.
//
//saga:do flight
func (s *Service) BookFlight(_ context.Context, trip BookTrip) (Flight, error) {
	return Flight{Number: "seat on " + trip.Flight}, nil
}

// CancelFlight undoes BookFlight.
//
//saga:undo flight
func (s *Service) CancelFlight(context.Context, Flight) error { return nil }

// BookCar is the do function of the action car.
//
//saga:do car
func (s *Service) BookCar(_ context.Context, trip BookTrip) (Car, error) {
	return Car{Number: "key of " + trip.Car}, nil
}

// CancelCar undoes BookCar.
//
//saga:undo car
func (s *Service) CancelCar(context.Context, Car) error { return nil }

// Summarize is the do function of the action summary.
//
//saga:do summary noundo
func Summarize(payment Payment, hotel Hotel, flight Flight, car Car) (Summary, error) {
	return Summary{Payment: payment.Number, Hotel: hotel.Number, Flight: flight.Number, Car: car.Number}, nil
}
