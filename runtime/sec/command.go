package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// wish is what somebody wants to be done to a saga.
type command struct {
	// do adds it to the log. It may be called again, for a log in which others have come first.
	apply func(*journal) error
	// final says what it means for a saga that is final.
	onFinal func(store.Record) error
}

// startIt is the wish that a saga be started.
var startCommand = command{
	apply: func(p *journal) error {
		p.started = true
		return nil
	},
	onFinal: func(store.Record) error { return nil },
}

// request asks the owner of a saga to do something. What that adds to the log is
// durable when the reply comes.
type request struct {
	apply func(*journal) error
	reply chan error // with room for the reply, so that the owner never waits; nil if nobody waits for it
}

// serve does a request. Its reply comes now if it can't be done, and else when it's durable.
func (s *execution) applyRequest(r request) {
	if err := r.apply(&s.journal); err != nil {
		r.answer(err)
		return
	}
	s.unanswered = append(s.unanswered, r)
}

// ask has the owner of the saga grant a wish, and waits until that is durable. It takes a saga that is
// stuck back into memory. If another coordinator owns the saga, it amends the log.
func (c *Coordinator) submit(ctx context.Context, id saga.ID, cmd command) error {
	r := request{apply: cmd.apply, reply: make(chan error, 1)}
	for {
		s, record, err := c.find(ctx, id)
		h, handedOff := c.handedOff(&record)
		switch {
		case err != nil:
			return err
		case s == nil && record.State.Final():
			return cmd.onFinal(record)
		case s == nil && c.isStopped():
			return fmt.Errorf("saga %s: %w", id, saga.ErrShutdown)
		case handedOff:
			return fmt.Errorf("saga %s: %w", id, h.reason)
		case s == nil && (record.State != saga.StateStuck || !c.ensureOwned(ctx, &record)):
			return c.client.appendCommand(ctx, record, cmd)
		case s == nil:
			requested, err := c.recoverFor(ctx, record, &r)
			switch {
			case ctx.Err() != nil && err != nil:
				return fmt.Errorf("%w; it may be done or not", err)
			case err != nil:
				return err
			}
			if !requested { // somebody else has taken it back
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
		ok, schedule := s.mail.post(r)
		if !ok {
			<-s.done // it has settled; look again
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

// answer tells whoever waits what came of the request.
func (r request) answer(err error) {
	if r.reply != nil {
		r.reply <- err
	}
}

// errGone is the reply to a request that came when the owner was about to leave, or that the owner could not make durable, as
// the saga had become another's. It is made again, of whoever has the saga then; what it has done all the same is in the log that he reads.
var errReleased = errors.New("saga is not in memory any more")

func (r request) wait(ctx context.Context, id saga.ID) error {
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("saga %s: %w; it may be done or not", id, ctx.Err())
	}
}
