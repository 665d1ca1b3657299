package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// request is something that the owner of a saga is asked to do. What do adds to the log is
// durable when the reply comes.
type request struct {
	do    func(*instance) error
	reply chan error // with room for the reply, so that the owner never waits
}

// serve does a request. Its reply comes now if it can't be done, and else when it's durable.
func (s *instance) serve(r request) {
	if err := r.do(s); err != nil {
		r.reply <- err
		return
	}
	s.replies = append(s.replies, r.reply)
}

// ask has the owner of the saga do something, and waits until that is durable. It takes a saga that is
// stuck back into memory. If the saga is final, do is not called, and final says what that means.
func (c *Coordinator) ask(ctx context.Context, id saga.ID, do func(*instance) error, final func(store.Record) error) error {
	r := request{do: do, reply: make(chan error, 1)}
	for {
		s, record, err := c.find(ctx, id)
		switch {
		case err != nil:
			return err
		case s == nil && record.State.Final():
			return final(record)
		case s == nil && c.isStopped():
			return fmt.Errorf("saga %s: %w", id, saga.ErrShutdown)
		case s == nil && (record.State != saga.StateStuck || !c.own(ctx, &record)):
			return fmt.Errorf("saga %s: %w: it is owned by %q", id, saga.ErrWrongState, record.Owner)
		case s == nil:
			asked, err := c.adopt(record, &r)
			if err != nil {
				return err
			}
			if !asked { // somebody else has taken it back
				continue
			}
			return r.wait(ctx, id)
		}
		if v := s.view.Load(); v.parked != nil {
			return fmt.Errorf("saga %s: %w", id, v.parked)
		}
		if !s.mail.ask(r) {
			<-s.done // it has settled; look again
			continue
		}
		if err := r.wait(ctx, id); !errors.Is(err, errGone) {
			return err
		}
	}
}

// errGone is the reply to a request that came when the owner was about to leave. It has had no effect.
var errGone = errors.New("saga is not in memory any more")

func (r request) wait(ctx context.Context, id saga.ID) error {
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("saga %s: %w; it may be done or not", id, ctx.Err())
	}
}
