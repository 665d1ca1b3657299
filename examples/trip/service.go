package main

import "context"

//go:generate go run ../../cmd/sagagen

// BookTrip has the parameters of a trip. Either all of it is booked and paid,
// or none of it.
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

// PaymentConfirmation is the output of the node payment: the card is charged.
type PaymentConfirmation struct{ Number string }

// HotelReservation is the output of the node hotel: a room is booked.
type HotelReservation struct{ Number string }

// FlightReservation is the output of the node flight: a seat is booked.
type FlightReservation struct{ Number string }

// CarReservation is the output of the node car: a car is booked.
type CarReservation struct{ Number string }

// Summary is the output of the saga: the numbers that the traveler gets.
type Summary struct {
	Payment string `json:"payment"`
	Hotel   string `json:"hotel"`
	Flight  string `json:"flight"`
	Car     string `json:"car"`
}

// Service is the application context of the actions: the clients of the payment
// and booking services.
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

// refundCard takes a pointer, so it is also called if the outcome of chargeCard
// is unknown. Then payment is nil, and the service finds the charge, if there
// is one, by its idempotency key.
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
