package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// wish is what somebody wants to be done to a saga.
type wish struct {
	// do adds it to the log. It may be called again, for a log in which others have come first.
	do func(*progress) error
	// final says what it means for a saga that is final.
	final func(store.Record) error
}

// startIt is the wish that a saga be started.
var startIt = wish{
	do: func(p *progress) error {
		p.started = true
		return nil
	},
	final: func(store.Record) error { return nil },
}

// request asks the owner of a saga to do something. What that adds to the log is
// durable when the reply comes.
type request struct {
	do    func(*progress) error
	reply chan error // with room for the reply, so that the owner never waits; nil if nobody waits for it
}

// serve does a request. Its reply comes now if it can't be done, and else when it's durable.
func (s *instance) serve(r request) {
	if err := r.do(&s.progress); err != nil {
		r.answer(err)
		return
	}
	s.served = append(s.served, r)
}

// ask has the owner of the saga grant a wish, and waits until that is durable. It takes a saga that is
// stuck back into memory. If another coordinator owns the saga, it amends the log.
func (c *Coordinator) ask(ctx context.Context, id saga.ID, w wish) error {
	r := request{do: w.do, reply: make(chan error, 1)}
	for {
		s, record, err := c.find(ctx, id)
		o, offered := c.offered(&record)
		switch {
		case err != nil:
			return err
		case s == nil && record.State.Final():
			return w.final(record)
		case s == nil && c.isStopped():
			return fmt.Errorf("saga %s: %w", id, saga.ErrShutdown)
		case offered:
			return fmt.Errorf("saga %s: %w", id, o.reason)
		case s == nil && (record.State != saga.StateStuck || !c.own(ctx, &record)):
			return c.aside.amend(ctx, record, w)
		case s == nil:
			asked, err := c.adoptFor(ctx, record, &r)
			switch {
			case ctx.Err() != nil && err != nil:
				return fmt.Errorf("%w; it may be done or not", err)
			case err != nil:
				return err
			}
			if !asked { // somebody else has taken it back
				continue
			}
			if err := r.wait(ctx, id); !errors.Is(err, errGone) {
				return err
			}
			continue
		}
		if v, _ := s.view.load(); v.parked != nil {
			return fmt.Errorf("saga %s: %w", id, v.parked)
		}
		ok, attend := s.mail.ask(r)
		if !ok {
			<-s.done // it has settled; look again
			continue
		}
		if attend {
			c.attendTo(s)
		}
		if err := r.wait(ctx, id); !errors.Is(err, errGone) {
			return err
		}
	}
}

// answer tells whoever waits what came of the request.
func (r request) answer(err error) {
	if r.reply != nil {
		r.reply <- err
	}
}

// errGone is the reply to a request that came when the owner was about to leave, or that the owner could not make durable, as
// the saga had become another's. It is made again, of whoever has the saga then; what it has done all the same is in the log that he reads.
var errGone = errors.New("saga is not in memory any more")

func (r request) wait(ctx context.Context, id saga.ID) error {
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("saga %s: %w; it may be done or not", id, ctx.Err())
	}
}
