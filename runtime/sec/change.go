package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// change is a change of a saga that an operator or a client asks for.
type change struct {
	// apply adds the change to the journal. It is called again for a new
	// journal if others have appended first.
	apply func(*journal) error
	// onFinal returns the result of the change for a saga that is final.
	onFinal func(saga.Record) error
}

// startChange starts a saga.
var startChange = change{
	apply: func(j *journal) error {
		j.Started = true
		return nil
	},
	onFinal: func(saga.Record) error { return nil },
}

// request asks the driver of an execution to make a change. The reply comes
// when the result is durable.
type request struct {
	apply func(*journal) error
	// reply has room for the reply, so that the driver never blocks. It is nil
	// if no one waits for it.
	reply chan error
}

// applyRequest applies a request. If that fails, it answers the request at
// once. Otherwise the request is answered when its result is durable.
func (s *execution) applyRequest(r request) {
	if err := r.apply(&s.journal); err != nil {
		r.answer(err)
		return
	}
	s.unanswered = append(s.unanswered, r)
}

// submit has the owner of a saga make a change, and waits until the result is
// durable. It takes a stuck saga back into memory. If another coordinator owns
// the saga, submit appends the change to its log.
func (c *Coordinator) submit(ctx context.Context, id saga.ID, change change) error {
	r := request{apply: change.apply, reply: make(chan error, 1)}
	for {
		s, record, err := c.find(ctx, id)
		h, handedOff := c.handoffs.Find(&record)
		switch {
		case err != nil:
			return err
		case s == nil && record.State.Final():
			return change.onFinal(record)
		case s == nil && c.isStopped():
			return fmt.Errorf("saga %s: %w", id, saga.ErrStopped)
		case handedOff:
			return fmt.Errorf("saga %s: %w", id, h.Reason)
		case s == nil && (record.State != saga.StateStuck || !c.ensureOwned(ctx, &record)):
			return c.client.appendChange(ctx, record, change)
		case s == nil:
			requested, err := c.recoverFor(ctx, record, &r)
			switch {
			case ctx.Err() != nil && err != nil:
				return fmt.Errorf("%w; it may have been recorded", err)
			case err != nil:
				return err
			}
			if !requested { // another request has recovered it
				continue
			}
			if err := r.wait(ctx, id); !errors.Is(err, errReleased) {
				return err
			}
			continue
		}
		if v, _ := s.snapshot.load(); v.parked != nil {
			return fmt.Errorf("saga %s: %w", id, v.parked)
		}
		ok, schedule := s.mail.Post(r)
		if !ok {
			<-s.done // it has settled; look it up again
			continue
		}
		if schedule {
			c.schedule(s)
		}
		if err := r.wait(ctx, id); !errors.Is(err, errReleased) {
			return err
		}
	}
}

// answer sends the result of the request to the goroutine that waits for it.
func (r request) answer(err error) {
	if r.reply != nil {
		r.reply <- err
	}
}

// errReleased is the answer to a request that arrived while the execution was
// being released, or that could not be made durable because another coordinator
// has claimed the saga. The request is then repeated with the saga's owner. If
// it is durable nevertheless, the owner finds it in the log.
var errReleased = errors.New("saga is no longer in memory")

func (r request) wait(ctx context.Context, id saga.ID) error {
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("saga %s: %w; it may have been recorded", id, ctx.Err())
	}
}
