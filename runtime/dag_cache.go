package saga

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
)

// DAGCache decodes the JSON of SagaDAGs as SagaDAG.UnmarshalJSON does, and lets those that differ only in their parameters share one DAG.
// That saves most of the time and memory where thousands of sagas are read. The zero value works; it may be used by several goroutines.
type DAGCache struct {
	mu sync.Mutex
	// known are DAGs whose text is as MarshalJSON writes it. What the slice holds doesn't change.
	known []knownDAG
}

// knownDAG is a DAG with what its text has before and behind the parameters.
type knownDAG struct {
	head, tail []byte
	dag        *SagaDAG
}

// How much a DAGCache keeps at most; then it begins anew. Most programs have a few DAGs, and one version of each.
const (
	maxCachedDAGs  = 64
	maxCachedBytes = 64 << 10 // of JSON without parameters, for each
)

// Decode returns what the text is the JSON of. The errors are those of SagaDAG.UnmarshalJSON.
func (c *DAGCache) Decode(text []byte) (*SagaDAG, error) {
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	for i := range known {
		if dag := known[i].decode(text); dag != nil {
			return dag, nil
		}
	}
	decoded := new(SagaDAG)
	if err := decoded.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	again, err := decoded.MarshalJSON()
	if head := len(decoded.encodedHead); err == nil && bytes.Equal(again, text) && len(text)-len(decoded.params) <= maxCachedBytes {
		c.add(knownDAG{head: again[:head], tail: again[head+len(decoded.params):], dag: decoded.withParams(nil)})
	}
	return decoded, nil
}

func (c *DAGCache) add(k knownDAG) {
	k.head, k.tail = bytes.Clone(k.head), bytes.Clone(k.tail) // without the parameters between them
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) == maxCachedDAGs {
		c.known = nil
	}
	c.known = append(slices.Clip(c.known), k)
}

// decode returns the DAG with the parameters of the text, or nil if that isn't the same DAG's: what is between head and tail must be one JSON value.
func (k *knownDAG) decode(text []byte) *SagaDAG {
	rest, ok := bytes.CutPrefix(text, k.head)
	if !ok {
		return nil
	}
	if rest, ok = bytes.CutSuffix(rest, k.tail); !ok {
		return nil
	}
	params, err := compact(rest)
	if err != nil {
		return nil
	}
	return k.dag.withParams(params)
}

// withParams returns the DAG with other parameters; null if there are none.
func (d *SagaDAG) withParams(params json.RawMessage) *SagaDAG {
	if len(params) == 0 {
		params = json.RawMessage("null")
	}
	return &SagaDAG{DAG: d.DAG, params: params, shapes: d.shapes}
}
