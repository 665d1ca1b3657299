package saga

import (
	"fmt"

	"github.com/sagagen/sagagen/runtime/internal/intern"
)

// DAGCache decodes stored SagaDAGs. SagaDAGs that differ only in their
// parameters share one DAG. That saves most of the time and memory when
// thousands of sagas are read. The zero value is ready to use, and a DAGCache
// is safe for concurrent use. It is bounded: it caches up to 64 DAGs of up to
// 64 KiB of JSON each.
type DAGCache struct {
	decoded intern.Cache[*SagaDAG]
}

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
	if known, cached := c.decoded.Get(text); cached {
		return known, nil
	}
	decoded := new(SagaDAG)
	if err := decoded.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	decoded, _ = c.decoded.Add(string(text), decoded)
	return decoded, nil
}
