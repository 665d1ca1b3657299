package engine

import "fmt"

// NodeID is the index of a node in its DAG. The start node has index 0, the end
// node the highest index. Every edge leads from a lower index to a higher one.
type NodeID int

// NodeKind is the kind of a node.
type NodeKind uint8

// The kinds of nodes. Those before KindAction are structural: they take no
// time, write no events, and their states follow from those of their neighbors.
const (
	// KindStart is the one node before all others. It has no name.
	KindStart NodeKind = iota
	// KindEnd is the one node after all others. It has no name.
	KindEnd
	// KindConstant has a constant output.
	KindConstant
	// KindSubsagaStart precedes the nodes of a subsaga. It has no name.
	KindSubsagaStart
	// KindSubsagaEnd follows the nodes of a subsaga. It has the name and the
	// output of the subsaga.
	KindSubsagaEnd
	// KindAction runs an action.
	KindAction
	// KindSubsaga is the kind of a saga.SubsagaNode. A DAG has no such nodes:
	// the builder replaces each by a KindSubsagaStart, the nodes of the
	// subsaga, and a KindSubsagaEnd.
	KindSubsaga
)

var nodeKindNames = [...]string{
	KindStart:        "start",
	KindEnd:          "end",
	KindConstant:     "constant",
	KindSubsagaStart: "subsaga_start",
	KindSubsagaEnd:   "subsaga_end",
	KindAction:       "action",
	KindSubsaga:      "subsaga",
}

// String returns the name of the kind, as in "subsaga_start".
func (k NodeKind) String() string {
	if int(k) < len(nodeKindNames) {
		return nodeKindNames[k]
	}
	return fmt.Sprintf("node kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler. It returns the name of the
// kind.
func (k NodeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It parses the name of a
// kind.
func (k *NodeKind) UnmarshalText(text []byte) error {
	for kind, name := range nodeKindNames {
		if name == string(text) {
			*k = NodeKind(kind)
			return nil
		}
	}
	return fmt.Errorf("node kind %q is unknown", text)
}
