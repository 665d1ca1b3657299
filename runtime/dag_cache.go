package saga

import (
	"encoding/json"
	"fmt"
	"sync"
)

// DAGCache decodes the JSON of SagaDAGs as SagaDAG.UnmarshalJSON does, and lets those that differ only in their parameters share one DAG.
// That saves most of the time and memory where thousands of sagas are read. The zero value works; it may be used by several goroutines.
type DAGCache struct {
	mu      sync.Mutex
	decoded map[string]*SagaDAG // without parameters, by dagCacheKey
}

// How much a DAGCache keeps at most; then it begins anew. Most programs have a few DAGs, and one version of each.
const (
	maxCachedDAGs  = 64
	maxCachedBytes = 64 << 10 // of JSON, for each
)

// dagTextJSON is dagJSON with the parts unread that sagas of one DAG have in common.
type dagTextJSON struct {
	Version int             `json:"version"`
	Name    Name            `json:"name"`
	Params  json.RawMessage `json:"params"`
	Nodes   json.RawMessage `json:"nodes"`
	Shapes  json.RawMessage `json:"shapes"`
}

// Decode returns what the text is the JSON of. The errors are those of SagaDAG.UnmarshalJSON.
func (c *DAGCache) Decode(text []byte) (*SagaDAG, error) {
	var in dagTextJSON
	if err := unmarshalCompact(text, &in); err != nil {
		return nil, fmt.Errorf("saga DAG: %w", err)
	}
	key := fmt.Sprintf("%d %q %s %s", in.Version, in.Name, in.Nodes, in.Shapes)
	c.mu.Lock()
	shared := c.decoded[key]
	c.mu.Unlock()
	if shared != nil {
		return shared.withParams(in.Params), nil
	}
	decoded := new(SagaDAG)
	if err := decoded.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	if len(key) <= maxCachedBytes {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.decoded == nil || len(c.decoded) == maxCachedDAGs {
			c.decoded = map[string]*SagaDAG{}
		}
		c.decoded[key] = decoded.withParams(nil)
	}
	return decoded, nil
}

// withParams returns the DAG with other parameters; null if there are none.
func (d *SagaDAG) withParams(params json.RawMessage) *SagaDAG {
	if len(params) == 0 {
		params = json.RawMessage("null")
	}
	return &SagaDAG{DAG: d.DAG, params: params, shapes: d.shapes}
}
