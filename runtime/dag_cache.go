package saga

import (
	"fmt"
	"sync"
)

// DAGCache decodes stored SagaDAGs. SagaDAGs that differ only in their
// parameters share one DAG. That saves most of the time and memory when
// thousands of sagas are read. The zero value is ready to use, and a DAGCache
// is safe for concurrent use.
type DAGCache struct {
	mu    sync.Mutex
	known map[string]*SagaDAG // keyed by the JSON
}

// The limits of a DAGCache. A full cache is emptied. Most programs have a few
// DAGs with one version each.
const (
	maxCachedDAGs  = 64
	maxCachedBytes = 64 << 10 // of JSON for each DAG; larger ones are not cached
)

// Decode returns the SagaDAG for which SagaDAG.Parts returned dag and params.
// dag may also be the JSON of a whole SagaDAG with empty params; the parameters
// are those in the JSON then, or null. The errors are those of
// SagaDAG.UnmarshalJSON, or say that the parameters are not JSON.
func (c *DAGCache) Decode(dag, params []byte) (*SagaDAG, error) {
	known, err := c.decode(dag)
	if err != nil {
		return nil, err
	}
	decoded := *known
	if len(params) > 0 {
		if decoded.params, err = compact(params); err != nil {
			return nil, fmt.Errorf("saga DAG %q: parameters: %w", decoded.name, err)
		}
	}
	return &decoded, nil
}

// decode returns the SagaDAG with that JSON. Other callers may have got the
// same pointer.
func (c *DAGCache) decode(text []byte) (*SagaDAG, error) {
	c.mu.Lock()
	known := c.known[string(text)]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	decoded := new(SagaDAG)
	if err := decoded.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	if len(text) > maxCachedBytes {
		return decoded, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) == maxCachedDAGs {
		c.known = make(map[string]*SagaDAG)
	}
	c.known[string(text)] = decoded
	return decoded, nil
}
