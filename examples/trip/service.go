package main

import "context"

//go:generate go run ../../cmd/sagagen

// BookTrip asks for a whole trip: all of it is booked and paid, or none of it.
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

// PaymentConfirmation says that the card was charged.
type PaymentConfirmation struct{ Number string }

// HotelReservation says that a room is held.
type HotelReservation struct{ Number string }

// FlightReservation says that a seat is held.
type FlightReservation struct{ Number string }

// CarReservation says that a car is held.
type CarReservation struct{ Number string }

// Summary is what the traveller gets in the end.
type Summary struct {
	Payment string `json:"payment"`
	Hotel   string `json:"hotel"`
	Flight  string `json:"flight"`
	Car     string `json:"car"`
}

// Service is what the actions work with: the clients of the booking services.
type Service struct {
	Payments PaymentService
	Hotels   BookingService
	Flights  BookingService
	Cars     BookingService
}

//saga:do payment label="ChargeCreditCard" timeout=10s attempts=6
func (s *Service) chargeCard(ctx context.Context, trip BookTrip) (PaymentConfirmation, error) {
	number, err := s.Payments.Charge(ctx, trip.Card)
	return PaymentConfirmation{Number: number}, err
}

// refundCard takes the payment as a pointer: it is also called when nobody knows whether
// the card was charged, and then refunds what it was charged under this saga's key.
//
//saga:undo payment attempts=20
func (s *Service) refundCard(ctx context.Context, payment *PaymentConfirmation) error {
	if payment == nil {
		return s.Payments.RefundUnconfirmed(ctx)
	}
	return s.Payments.Refund(ctx, payment.Number)
}

//saga:do hotel label="BookHotel"
func (s *Service) bookHotel(ctx context.Context, trip BookTrip) (HotelReservation, error) {
	number, err := s.Hotels.Book(ctx, trip.Hotel)
	return HotelReservation{Number: number}, err
}

//saga:undo hotel
func (s *Service) cancelHotel(ctx context.Context, hotel HotelReservation) error {
	return s.Hotels.Cancel(ctx, hotel.Number)
}

//saga:do flight label="BookFlight"
func (s *Service) bookFlight(ctx context.Context, trip BookTrip) (FlightReservation, error) {
	number, err := s.Flights.Book(ctx, trip.Flight)
	return FlightReservation{Number: number}, err
}

//saga:undo flight
func (s *Service) cancelFlight(ctx context.Context, flight FlightReservation) error {
	return s.Flights.Cancel(ctx, flight.Number)
}

//saga:do car label="BookCar"
func (s *Service) bookCar(ctx context.Context, trip BookTrip) (CarReservation, error) {
	number, err := s.Cars.Book(ctx, trip.Car)
	return CarReservation{Number: number}, err
}

//saga:undo car
func (s *Service) cancelCar(ctx context.Context, car CarReservation) error {
	return s.Cars.Cancel(ctx, car.Number)
}

//saga:do summary noundo label="Summarize"
func summarize(payment PaymentConfirmation, hotel HotelReservation, flight FlightReservation,
	car CarReservation) (Summary, error) {
	return Summary{
		Payment: payment.Number,
		Hotel:   hotel.Number,
		Flight:  flight.Number,
		Car:     car.Number,
	}, nil
}
