package codec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// Config configures New.
type Config struct {
	// Codec encodes and decodes. Required.
	Codec Codec
	// WritePlain makes the store write plain data. It still decodes encoded
	// data. Use it to remove a codec: when no saga has encoded data, the codec
	// isn't needed any longer. Default: false.
	WritePlain bool
	// RefusePlain makes the store return an error when it reads plain data.
	// Without it, sagas that were created before the codec was introduced
	// continue to run, but someone with write access to the database can
	// replace encrypted data by plain data. Set it when no saga has plain data.
	// Default: false.
	RefusePlain bool
}

// New returns a store that keeps all data in the inner store, encoded. It
// passes the tests of storetest if the inner store does. New returns an error
// if inner or config.Codec is nil, or if config has both WritePlain and
// RefusePlain.
//
// The store's errors are those of the inner store and the following. If a DAG
// or its parameters can't be decoded, Load and Claim still return the record,
// with the reason in its DAGErr. If a payload can't be decoded, Events and Logs
// return store.ErrUndecodable. If data can't be encoded, Create and Append
// change nothing and return the codec's error.
func New(inner store.Store, config Config) (store.Store, error) {
	switch {
	case inner == nil:
		return nil, errors.New("codec: inner store is missing")
	case config.Codec == nil:
		return nil, errors.New("codec: config: Codec is missing")
	case config.WritePlain && config.RefusePlain:
		return nil, errors.New("codec: config: WritePlain and RefusePlain exclude each other: " +
			"the store couldn't read the data that it writes")
	}
	return &encodingStore{Store: inner, config: config}, nil
}

// encodingStore implements New. Its List, Renew, Release, Delete and Watch,
// which have no data to encode, are those of the inner store.
type encodingStore struct {
	store.Store
	config Config
}

// Create implements store.Store.
func (s *encodingStore) Create(ctx context.Context, n store.NewSaga) (err error) {
	if n.DAG, err = s.encode(Place{Saga: n.ID}, n.DAG); err != nil {
		return err
	}
	if n.Params, err = s.encode(Place{Saga: n.ID, Params: true}, n.Params); err != nil {
		return err
	}
	if n.Events, err = s.encodeEvents(n.ID, n.Events); err != nil {
		return err
	}
	return s.Store.Create(ctx, n)
}

// Append implements store.Store.
func (s *encodingStore) Append(ctx context.Context, a store.Append) (err error) {
	if a.Events, err = s.encodeEvents(a.ID, a.Events); err != nil {
		return err
	}
	return s.Store.Append(ctx, a)
}

// Load implements store.Store.
func (s *encodingStore) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	record, err := s.Store.Load(ctx, id)
	if err == nil {
		s.decodeDAG(&record)
	}
	return record, err
}

// Claim implements store.Store.
func (s *encodingStore) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	records, err := s.Store.Claim(ctx, c)
	for i := range records {
		s.decodeDAG(&records[i])
	}
	return records, err
}

// Events implements store.Store.
func (s *encodingStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	events, err := s.Store.Events(ctx, id, from, limit)
	if err == nil {
		err = s.decodeEvents(id, events)
	}
	if err != nil {
		return nil, err
	}
	return events, nil
}

// Logs implements store.Store.
func (s *encodingStore) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	logs, err := s.Store.Logs(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, events := range logs {
		if err := s.decodeEvents(ids[i], events); err != nil {
			return nil, err
		}
	}
	return logs, nil
}

// encodeEvents returns the events with encoded payloads. It copies the slice if
// there is something to encode, because the events belong to the caller.
func (s *encodingStore) encodeEvents(id saga.ID, events []engine.Event) ([]engine.Event, error) {
	copied := false
	for i := range events {
		if len(events[i].Payload) == 0 || s.config.WritePlain {
			continue
		}
		if !copied {
			events, copied = append(make([]engine.Event, 0, len(events)), events...), true
		}
		e := &events[i]
		var err error
		if e.Payload, err = s.encode(placeOf(id, e), e.Payload); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// encode returns empty data unchanged: the inner store makes it nil.
func (s *encodingStore) encode(at Place, plain []byte) ([]byte, error) {
	if len(plain) == 0 || s.config.WritePlain {
		return plain, nil
	}
	encoded, err := s.config.Codec.Encode(at, plain)
	if err != nil {
		return nil, fmt.Errorf("codec: encode %v: %w", at, err)
	}
	return addHeader(encoded), nil
}

var errPlain = errors.New("data is not encoded, and Config.RefusePlain is set")

func (s *encodingStore) decode(at Place, stored []byte) ([]byte, error) {
	switch {
	case len(stored) == 0:
		return stored, nil
	case hasHeader(stored):
		encoded, err := cutHeader(stored)
		if err != nil {
			return nil, err
		}
		return s.config.Codec.Decode(at, encoded)
	case s.config.RefusePlain:
		return nil, errPlain
	}
	return stored, nil
}

// decodeEvents decodes the payloads of events in place.
func (s *encodingStore) decodeEvents(id saga.ID, events []engine.Event) (err error) {
	for i := range events {
		e := &events[i]
		if e.Payload, err = s.decode(placeOf(id, e), e.Payload); err != nil {
			return fmt.Errorf("%w: %v: %w", store.ErrUndecodable, placeOf(id, e), err)
		}
	}
	return nil
}

// decodeDAG decodes a record's DAG and parameters in place. If that fails, it
// sets DAGErr.
func (s *encodingStore) decodeDAG(r *saga.Record) {
	dag, err := s.decode(Place{Saga: r.ID}, r.DAG)
	var params []byte
	if err == nil {
		params, err = s.decode(Place{Saga: r.ID, Params: true}, r.Params)
	}
	if err != nil {
		dag, params, r.DAGErr = nil, nil, fmt.Errorf("saga DAG: %w", err)
	}
	r.DAG, r.Params = dag, params
}
