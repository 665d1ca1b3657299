package saga_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestAppendRunsAfterAllEarlierNodes(t *testing.T) {
	assert.Equal(t, `[0,"start","",null]
[1,"action","payment",[0]]
[2,"action","hotel",[1]]
[3,"action","flight",[1]]
[4,"action","car",[1]]
[5,"action","summary",[2,3,4]]
[6,"end","",[5]]
`, shape(tripDAG(t)))
}

func TestAppendParallelRunsAfterAllNodesOfThePreviousStage(t *testing.T) {
	dag := build(t, saga.NewDAGBuilder("s").
		AppendParallel(action("a"), action("b")).
		AppendParallel(action("c"), action("d")).
		Append(action("e")))
	assert.Equal(t, `[0,"start","",null]
[1,"action","a",[0]]
[2,"action","b",[0]]
[3,"action","c",[1,2]]
[4,"action","d",[1,2]]
[5,"action","e",[3,4]]
[6,"end","",[5]]
`, shape(dag))
}

func TestNodeHasExplicitEdges(t *testing.T) {
	dag := build(t, saga.NewDAGBuilder("s").
		Node(action("a")).
		Node(action("b")).
		Node(action("c"), "a").
		Node(action("d"), "c", "b", "c").
		Node(action("e"), "b").
		Append(action("f")))
	assert.Equal(t, `[0,"start","",null]
[1,"action","a",[0]]
[2,"action","b",[0]]
[3,"action","c",[1]]
[4,"action","d",[3,2]]
[5,"action","e",[2]]
[6,"action","f",[4,5]]
[7,"end","",[6]]
`, shape(dag), "a parent that is named twice counts once, and Append runs after what nothing runs after yet")
	assert.Equal(t, []engine.NodeID{4, 5}, dag.Children(2))
}

func TestNodeAfterAnEarlierStage(t *testing.T) {
	dag := build(t, saga.NewDAGBuilder("s").
		Append(action("a")).
		Append(action("b")).
		Node(action("c"), "a").
		Append(action("d")))
	assert.Equal(t, []engine.NodeID{2, 3}, dag.Parents(find(t, dag, "d")))
}

func TestSubsagasAreExpandedBetweenStartAndEnd(t *testing.T) {
	dag := nestedDAG(t)
	assert.Equal(t, `[0,"start","",null]
[1,"constant","size",[0]]
[2,"subsaga_start","",[1]]
[3,"action","outer/pick",[2]]
[4,"subsaga_start","",[3]]
[5,"action","outer/inner/deep",[4]]
[6,"subsaga_end","outer/inner",[5]]
[7,"action","outer/sum",[6]]
[8,"subsaga_end","outer",[7]]
[9,"subsaga_start","",[8]]
[10,"action","left/deep",[9]]
[11,"subsaga_end","left",[10]]
[12,"subsaga_start","",[8]]
[13,"action","right/deep",[12]]
[14,"subsaga_end","right",[13]]
[15,"action","last",[11,14]]
[16,"end","",[15]]
`, shape(dag))
	assert.Equal(t, engine.NodeID(8), dag.Closing(2))
	assert.Equal(t, engine.NodeID(2), dag.Closing(8))
	assert.Equal(t, engine.NodeID(6), dag.Closing(4))
	assert.Equal(t, engine.NodeID(4), dag.Closing(6))
	assert.Equal(t, saga.NodeName("deep"), dag.NodeName(5))
	assert.Equal(t, `(subsaga start: "inner-saga")`, dag.Label(4))
}

func TestConsecutiveSubsagas(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("a")))
	dag := build(t, saga.NewDAGBuilder("s").
		Append(saga.SubsagaNode("one", inner, saga.FromParams)).
		Append(saga.SubsagaNode("two", inner, "one")).
		Append(action("last", saga.Bind("x", "one"), saga.Bind("y", "two"))))
	assert.Equal(t, `[0,"start","",null]
[1,"subsaga_start","",[0]]
[2,"action","one/a",[1]]
[3,"subsaga_end","one",[2]]
[4,"subsaga_start","",[3]]
[5,"action","two/a",[4]]
[6,"subsaga_end","two",[5]]
[7,"action","last",[6]]
[8,"end","",[7]]
`, shape(dag))
}

func TestBuilderCanBeUsedAfterBuild(t *testing.T) {
	b := saga.NewDAGBuilder("s").Append(action("a"))
	first := build(t, b)
	_, err := b.AppendParallel(action("b"), action("c")).Build()
	require.ErrorIs(t, err, saga.ErrBadOutput)
	second := build(t, b.Append(action("d")))

	assert.Equal(t, 3, first.Len())
	assert.Equal(t, []engine.NodeID{2}, first.Children(1))
	assert.Equal(t, 6, second.Len())
	assert.Equal(t, []engine.NodeID{2, 3}, second.Children(1))
}

func TestBuildReportsMistakes(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("deep")))
	tests := []struct {
		name    string
		builder *saga.DAGBuilder
		is      error
		want    string
	}{
		{
			"no node", saga.NewDAGBuilder("s"), saga.ErrBadOutput,
			`saga "s": a saga ends with exactly one node, whose output is the saga's; this one ends with none`,
		},
		{
			"two ends", saga.NewDAGBuilder("s").Append(action("a")).AppendParallel(action("b"), action("c")),
			saga.ErrBadOutput,
			`saga "s": a saga ends with exactly one node, whose output is the saga's; this one ends with "b" and "c"`,
		},
		{
			"three ends", saga.NewDAGBuilder("s").Node(action("a")).Node(action("b")).Node(action("c")),
			saga.ErrBadOutput,
			`saga "s": a saga ends with exactly one node, whose output is the saga's; ` +
				`this one ends with "a", "b" and "c"`,
		},
		{
			"empty stage", saga.NewDAGBuilder("s").Append(action("a")).AppendParallel(), saga.ErrEmptyStage,
			`saga "s": a stage needs at least one node`,
		},
		{
			"name used twice", saga.NewDAGBuilder("s").Append(action("a")).Append(saga.ConstantNode("a", 1)),
			saga.ErrDuplicateName,
			`saga "s": node "a": another node has that name`,
		},
		{
			"subsaga with a used name",
			saga.NewDAGBuilder("s").Append(action("a")).Append(saga.SubsagaNode("a", inner, "a")),
			saga.ErrDuplicateName,
			`saga "s": node "a": another node has that name`,
		},
		{
			"after an unknown node", saga.NewDAGBuilder("s").Node(action("a"), "b").Node(action("b")),
			saga.ErrNodeNotFound,
			`saga "s": node "a": no such node: "b", after which it runs; add that node first`,
		},
		{
			"after itself", saga.NewDAGBuilder("s").Node(action("a"), "a"), saga.ErrNodeNotFound,
			`saga "s": node "a": no such node: "a", after which it runs; add that node first`,
		},
		{
			"after an inner node",
			saga.NewDAGBuilder("s").Append(saga.SubsagaNode("sub", inner, saga.FromParams)).
				Node(action("a"), "deep"), saga.ErrNodeNotFound,
			`saga "s": node "a": no such node: "deep", after which it runs; add that node first`,
		},
		{
			"input of a sibling",
			saga.NewDAGBuilder("s").AppendParallel(action("a"), action("b", saga.Bind("x", "a"))).
				Append(action("c")), saga.ErrNotAncestor,
			`saga "s": node "b": no ancestor has that name: "a", from which its input "x" comes`,
		},
		{
			"input of itself", saga.NewDAGBuilder("s").Append(action("a", saga.Bind("x", "a"))), saga.ErrNotAncestor,
			`saga "s": node "a": no ancestor has that name: "a", from which its input "x" comes`,
		},
		{
			"input of a later node",
			saga.NewDAGBuilder("s").Append(action("a", saga.Bind("x", "b"))).Append(action("b")),
			saga.ErrNotAncestor,
			`saga "s": node "a": no ancestor has that name: "b", from which its input "x" comes`,
		},
		{
			"input of no node", saga.NewDAGBuilder("s").Append(action("a", saga.Bind("x", ""))), saga.ErrNotAncestor,
			`saga "s": node "a": no ancestor has that name: "", from which its input "x" comes`,
		},
		{
			"input of an inner node", saga.NewDAGBuilder("s").Append(saga.SubsagaNode("sub", inner, saga.FromParams)).
				Append(action("a", saga.Bind("x", "sub/deep"))), saga.ErrNotAncestor,
			`saga "s": node "a": no ancestor has that name: "sub/deep", from which its input "x" comes`,
		},
		{
			"parameters of an unknown node", saga.NewDAGBuilder("s").Append(saga.SubsagaNode("sub", inner, "deep")),
			saga.ErrNotAncestor,
			`saga "s": node "sub": no ancestor has that name: "deep", from which its parameters come`,
		},
		{
			"parameters of a sibling",
			saga.NewDAGBuilder("s").AppendParallel(action("a"), saga.SubsagaNode("sub", inner, "a")).
				Append(action("b")), saga.ErrNotAncestor,
			`saga "s": node "sub": no ancestor has that name: "a", from which its parameters come`,
		},
		{
			"input bound twice",
			saga.NewDAGBuilder("s").
				Append(action("a", saga.Bind("x", saga.FromParams), saga.Bind("x", saga.FromParams))),
			saga.ErrBadNode,
			`saga "s": node "a": bad node: input "x" is bound twice`,
		},
		{
			"subsaga without DAG", saga.NewDAGBuilder("s").Append(saga.SubsagaNode("sub", nil, saga.FromParams)),
			saga.ErrBadNode,
			`saga "s": node "sub": bad node: the subsaga has no DAG`,
		},
		{
			"constant that can't be encoded", saga.NewDAGBuilder("s").Append(saga.ConstantNode("c", func() {})),
			saga.ErrBadNode,
			`saga "s": node "c": bad node: constant value: json: unsupported type: func()`,
		},
		{
			"node made of nothing", saga.NewDAGBuilder("s").Append(saga.Node{}), saga.ErrBadName,
			`saga "s": bad name: it is empty`,
		},
		{
			"first of two mistakes", saga.NewDAGBuilder("a/b").Append(action("")).AppendParallel(), saga.ErrBadName,
			`saga "a/b": bad name: "a/b" contains '/', which is reserved`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dag, err := tt.builder.Build()
			assert.Nil(t, dag)
			assert.EqualError(t, err, tt.want)
			assert.ErrorIs(t, err, tt.is)
			var built *saga.BuildError
			assert.ErrorAs(t, err, &built)
			assert.PanicsWithError(t, tt.want, func() { tt.builder.MustBuild() })
		})
	}
}

func TestInputsComeFromAnyAncestor(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("deep", saga.Bind("x", saga.FromParams))))
	_, err := saga.NewDAGBuilder("s").
		Append(action("a")).
		AppendParallel(action("b"), saga.SubsagaNode("sub", inner, "a")).
		Node(action("c"), "b").
		Node(action("d"), "c", "sub").
		Append(action("e", saga.Bind("1", "a"), saga.Bind("2", "b"), saga.Bind("3", "sub"), saga.Bind("4", "c"),
			saga.Bind("5", "d"), saga.Bind("6", saga.FromParams))).
		Build()
	assert.NoError(t, err)
}
