package saga

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// String returns the status tree. It has one line per node, and each node is
// below the nodes that it runs after. Nodes that can run in parallel are
// indented under a common line. The nodes of a subsaga are indented between its
// start and its end.
func (s *Status) String() string {
	t := treeWriter{status: s}
	fmt.Fprintf(&t.out, "+ saga execution: %s\n", s.ID)
	t.node(s.DAG.Start(), 0)
	t.scope(s.DAG.Start(), 0)
	t.node(s.DAG.End(), 0)
	return t.out.String()
}

type treeWriter struct {
	status *Status
	out    strings.Builder
}

// scope writes the nodes of a name space, level by level.
func (t *treeWriter) scope(start engine.NodeID, indent int) {
	for _, level := range t.status.DAG.levels(start) {
		inner := indent
		if len(level) > 1 {
			t.line(indent, "(parallel actions):")
			inner++
		}
		for _, id := range level {
			t.node(id, inner)
			if t.status.DAG.Kind(id) == engine.KindSubsagaStart {
				t.scope(id, inner+1)
				t.node(t.status.DAG.Closing(id), inner)
			}
		}
	}
}

func (t *treeWriter) node(id engine.NodeID, indent int) {
	d := t.status.DAG
	label := d.Label(id)
	if name := d.NodeName(id); name != "" {
		label = fmt.Sprintf("%s (produces %q)", label, string(name))
	}
	t.line(indent, t.status.describe(id)+": "+label)
}

func (t *treeWriter) line(indent int, text string) {
	fmt.Fprintf(&t.out, "%s+-- %s\n", strings.Repeat(" ", 8*indent), text)
}

// levels groups the nodes of the name space that begins at start. The level of
// a node is the number of nodes on the longest path to it. A subsaga counts as
// one node, its start.
func (d *DAG) levels(start engine.NodeID) [][]engine.NodeID {
	end := d.End()
	if start != d.Start() {
		end = d.nodes[start].closing
	}
	var levels [][]engine.NodeID
	level := make(map[engine.NodeID]int, end-start)
	for id := start + 1; id < end; id++ {
		deepest := -1
		for _, p := range d.nodes[id].parents {
			if p != start {
				deepest = max(deepest, level[p])
			}
		}
		level[id] = deepest + 1
		for len(levels) <= level[id] {
			levels = append(levels, nil)
		}
		levels[level[id]] = append(levels[level[id]], id)
		if d.nodes[id].kind == engine.KindSubsagaStart {
			closing := d.nodes[id].closing
			level[closing] = level[id]
			id = closing
		}
	}
	return slices.Clip(levels)
}
