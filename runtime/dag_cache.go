package saga

import (
	"fmt"
	"sync"
)

// DAGCache decodes what stores keep of SagaDAGs, and lets those that differ only in their parameters share one DAG.
// That saves most of the time and memory where thousands of sagas are read. The zero value works; it may be used by several goroutines.
type DAGCache struct {
	mu    sync.Mutex
	known map[string]*SagaDAG // by the JSON
}

// How much a DAGCache keeps at most; then it begins anew. Most programs have a few DAGs, and one version of each.
const (
	maxCachedDAGs  = 64
	maxCachedBytes = 64 << 10 // of JSON, for each
)

// Decode returns the SagaDAG of which SagaDAG.Parts has returned the parts. The JSON of a whole SagaDAG, and no parameters, will do too: then it has those
// that are in the JSON, or null. The errors are those of SagaDAG.UnmarshalJSON, or say that the parameters are not JSON.
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

// decode returns what the text is the JSON of, which others may have got as well.
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
