package codec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Config says how a store encodes.
type Config struct {
	// Codec encodes and decodes. Required.
	Codec Codec
	// WritePlain leaves what is written as it is, and still decodes what is encoded: to take a codec out of use. When no
	// saga is left that has encoded data, the codec can go. Default: false.
	WritePlain bool
	// RefusePlain refuses to read what isn't encoded. Without it, sagas from before the codec go on; but then whoever can write to the database
	// can put plain data in place of encrypted. Set it when no saga is left that has plain data. Default: false.
	RefusePlain bool
}

// New returns a store that keeps all in the inner store, and there encoded. It is a store.Watcher if the inner one is.
//
// It passes storetest if the inner store does. What it adds to what a Store says: when a DAG or its parameters can't be decoded, Load and
// Claim return the record all the same, with saga.UndecodableDAG in the DAG's place, and when a payload can't be decoded, Events and Logs return
// store.ErrUndecodable. When Create or Append can't encode, the error is the codec's, and they have changed nothing.
func New(inner store.Store, config Config) (store.Store, error) {
	switch {
	case inner == nil:
		return nil, errors.New("codec: there is no store to encode for")
	case config.Codec == nil:
		return nil, errors.New("codec: config: Codec is missing")
	case config.WritePlain && config.RefusePlain:
		return nil, errors.New("codec: config: with both WritePlain and RefusePlain, nothing that is written could be read")
	}
	s := &encodingStore{Store: inner, config: config}
	if watcher, ok := inner.(store.Watcher); ok {
		return &watchedStore{encodingStore: s, Watcher: watcher}, nil
	}
	return s, nil
}

// encodingStore passes on what has no data in it: List, Renew, Release and Delete.
type encodingStore struct {
	store.Store
	config Config
}

type watchedStore struct {
	*encodingStore
	store.Watcher
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
func (s *encodingStore) Load(ctx context.Context, id saga.ID) (store.Record, error) {
	record, err := s.Store.Load(ctx, id)
	if err == nil {
		s.decodeDAG(&record)
	}
	return record, err
}

// Claim implements store.Store.
func (s *encodingStore) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	records, err := s.Store.Claim(ctx, c)
	for i := range records {
		s.decodeDAG(&records[i])
	}
	return records, err
}

// Events implements store.Store.
func (s *encodingStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
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
func (s *encodingStore) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
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

// encodeEvents returns a copy if it has anything to encode: the caller's events stay as they are.
func (s *encodingStore) encodeEvents(id saga.ID, events []saga.Event) ([]saga.Event, error) {
	copied := false
	for i := range events {
		if len(events[i].Payload) == 0 || s.config.WritePlain {
			continue
		}
		if !copied {
			events, copied = append(make([]saga.Event, 0, len(events)), events...), true
		}
		e := &events[i]
		var err error
		if e.Payload, err = s.encode(placeOf(id, e), e.Payload); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// encode leaves an empty text alone: a store says that it becomes nil.
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

var errPlain = errors.New("it is not encoded, and Config.RefusePlain is set")

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

// decodeEvents decodes the payloads of events that are the caller's.
func (s *encodingStore) decodeEvents(id saga.ID, events []saga.Event) (err error) {
	for i := range events {
		e := &events[i]
		if e.Payload, err = s.decode(placeOf(id, e), e.Payload); err != nil {
			return fmt.Errorf("%w: %v: %w", store.ErrUndecodable, placeOf(id, e), err)
		}
	}
	return nil
}

// decodeDAG decodes the DAG of a record and its parameters, or puts the reason why that can't be done in the DAG's place.
func (s *encodingStore) decodeDAG(r *store.Record) {
	dag, err := s.decode(Place{Saga: r.ID}, r.DAG)
	var params []byte
	if err == nil {
		params, err = s.decode(Place{Saga: r.ID, Params: true}, r.Params)
	}
	if err != nil {
		dag, params = saga.UndecodableDAG(err), nil
	}
	r.DAG, r.Params = dag, params
}
