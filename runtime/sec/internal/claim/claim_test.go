package claim

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// fake is a store with a number of sagas, and a coordinator that resumes what
// its Claimer claims from it.
type fake struct {
	*Claimer
	sagas int // that are left in the store
	// before, if not nil, is called by each call of the store.
	before  func(store.Claim) error
	claims  []store.Claim
	resumed []int // the number of sagas of each call of Resume
	more    int
}

func newFake(sagas int) *fake {
	f := &fake{sagas: sagas}
	f.Claimer = &Claimer{
		Queue: "orders", Lease: time.Minute, Slow: time.Second,
		Owner:     func() string { return "alice" },
		Available: func(most int) int { return most },
		Except:    func() []saga.ID { return nil },
		Claim: func(c store.Claim) ([]saga.Record, error) {
			f.claims = append(f.claims, c)
			if f.before != nil {
				if err := f.before(c); err != nil {
					return nil, err
				}
			}
			n := min(f.sagas, c.Limit)
			f.sagas -= n
			return make([]saga.Record, n), nil
		},
		Retry: func(call func() error) error {
			for call() != nil {
			}
			return nil
		},
		Resume: func(records []saga.Record) bool {
			f.resumed = append(f.resumed, len(records))
			return true
		},
		More: func() { f.more++ },
	}
	return f
}

func (f *fake) limits() []int {
	var limits []int
	for _, c := range f.claims {
		limits = append(limits, c.Limit)
	}
	return limits
}

func TestClaimAllClaimsMoreAndMoreUntilThereIsNoneLeft(t *testing.T) {
	f := newFake(9000)
	f.ClaimAll()
	assert.Equal(t, []int{100, 200, 400, 800, 1600, 3200, 4000, 4000}, f.limits())
	assert.Zero(t, f.sagas)
	assert.Equal(t, []int{100, 200, 400, 800, 1600, 3200, 2700, 0}, f.resumed)
	assert.Zero(t, f.more)
}

func TestClaimAllEndsAfterTheSecondClaimThatReturnsFewer(t *testing.T) {
	f := newFake(10)
	f.before = func(store.Claim) error {
		f.sagas = 10 // clients create sagas all the time
		return nil
	}
	f.ClaimAll()
	assert.Len(t, f.claims, 2)
	assert.Equal(t, []int{10, 10}, f.resumed)
	assert.Equal(t, 1, f.more, "it asks to be called again")
}

func TestClaimAllAsksForHalfAfterEachFailure(t *testing.T) {
	f := newFake(25)
	f.before = func(c store.Claim) error {
		if c.Limit > 25 {
			return errors.New("timeout")
		}
		return nil
	}
	f.ClaimAll()
	assert.Equal(t, []int{100, 50, 25, 25}, f.limits())
	assert.Equal(t, []int{25, 0}, f.resumed)
}

func TestClaimAllAsksForHalfAfterASlowClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(200)
		f.before = func(store.Claim) error {
			if len(f.claims) == 1 {
				time.Sleep(f.Slow + 1)
			}
			return nil
		}
		f.ClaimAll()
		assert.Equal(t, []int{100, 50, 100}, f.limits()[:3])
	})
}

func TestClaimAllClaimsWhileTheLastSagasAreResumed(t *testing.T) {
	f := newFake(150)
	claimed := make(chan struct{}, 10)
	f.before = func(store.Claim) error {
		claimed <- struct{}{}
		return nil
	}
	f.Resume = func(records []saga.Record) bool {
		if len(records) == 100 {
			<-claimed // by the first claim
			<-claimed // by the second one
		}
		return true
	}
	f.ClaimAll()
	assert.Zero(t, f.sagas)
}

func TestClaimAllTakesNoMoreThanMayRun(t *testing.T) {
	f := newFake(150)
	free := 120
	f.Limited = true
	f.Available = func(most int) int { return min(most, free) }
	f.Resume = func(records []saga.Record) bool {
		free -= len(records)
		return true
	}
	f.ClaimAll()
	assert.Equal(t, []int{100, 20}, f.limits())
	assert.Equal(t, 30, f.sagas)
}

func TestClaimAllEndsWhenTheCoordinatorStops(t *testing.T) {
	f := newFake(1000)
	f.Retry = func(func() error) error { return errors.New("stopped") }
	f.ClaimAll()
	assert.Empty(t, f.resumed)

	f = newFake(1000)
	f.Resume = func([]saga.Record) bool { return false }
	f.ClaimAll()
	assert.Len(t, f.claims, 2, "what was claimed meanwhile is resumed, too")
}

func TestClaimAllWithoutLeasesTakesOwnedSagasOnlyAtTheStart(t *testing.T) {
	f := newFake(250)
	f.Lease = 0
	f.ClaimAll()
	require.NotEmpty(t, f.claims)
	for _, c := range f.claims {
		assert.False(t, c.Unowned)
	}
	assert.Zero(t, f.sagas)

	f.claims, f.sagas = nil, 5
	f.ClaimAll()
	require.NotEmpty(t, f.claims)
	for _, c := range f.claims {
		assert.True(t, c.Unowned)
	}
}

func TestClaimAllSaysWhatIsClaimed(t *testing.T) {
	f := newFake(0)
	left := []saga.ID{saga.NewID()}
	f.Except = func() []saga.ID { return slices.Clone(left) }
	f.ClaimAll()
	require.Len(t, f.claims, 1)
	assert.Equal(t, store.Claim{
		Owner: "alice", Queue: "orders", Lease: time.Minute, Limit: firstLimit, Bytes: maxBytes, Except: left,
	}, f.claims[0])
}
