// Package dagcache decodes each stored DAG once.
package dagcache

import (
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/intern"
)

// Cache decodes stored SagaDAGs. SagaDAGs that differ only in their parameters
// share one DAG. That saves most of the time and memory when thousands of sagas
// are read. A Cache keeps a bounded number of DAGs. The zero value is ready to
// use. A Cache is safe for concurrent use.
type Cache struct {
	decoded intern.Cache[*saga.SagaDAG]
}

// Decode returns the SagaDAG for which SagaDAG.Parts returned dag and params.
// If params is empty, dag may be the JSON of a whole SagaDAG, which contains
// the parameters. The errors are those of SagaDAG.UnmarshalJSON and
// SagaDAG.WithParams.
func (c *Cache) Decode(dag, params []byte) (*saga.SagaDAG, error) {
	known, err := c.decode(dag)
	if err != nil {
		return nil, err
	}
	if len(params) > 0 {
		return known.WithParams(params)
	}
	decoded := *known
	return &decoded, nil
}

// decode returns the SagaDAG with that JSON. Other callers may have got the
// same pointer.
func (c *Cache) decode(text []byte) (*saga.SagaDAG, error) {
	if known, cached := c.decoded.Get(text); cached {
		return known, nil
	}
	decoded := new(saga.SagaDAG)
	if err := decoded.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	decoded, _ = c.decoded.Add(string(text), decoded)
	return decoded, nil
}
