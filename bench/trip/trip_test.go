package trip_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/bench/trip"
)

func TestCheckAcceptsOnlyOutputOfActions(t *testing.T) {
	service, params := &trip.Service{}, trip.NewParams(7)
	payment, err := service.ChargeCard(t.Context(), params)
	require.NoError(t, err)
	hotel, err := service.BookHotel(t.Context(), params)
	require.NoError(t, err)
	flight, err := service.BookFlight(t.Context(), params)
	require.NoError(t, err)
	car, err := service.BookCar(t.Context(), params)
	require.NoError(t, err)
	summary, err := trip.Summarize(payment, hotel, flight, car)
	require.NoError(t, err)

	assert.NoError(t, params.Check(summary))
	assert.ErrorContains(t, trip.NewParams(8).Check(summary), "want")
	summary.Car = summary.Hotel
	assert.Error(t, params.Check(summary))
}
