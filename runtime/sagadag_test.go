package saga_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

type trip struct{ Hotel, Card string }

func TestSagaDAGHasThisJSON(t *testing.T) {
	alloc := build(t, saga.NewDAGBuilder("alloc").Append(saga.ActionNode("pick", "Pick", "alloc.pick")))
	d := withParams(t, build(t, saga.NewDAGBuilder("book-trip").
		Append(saga.ActionNode("payment", "ChargeCreditCard", "trip.payment", saga.Bind("trip", saga.FromParams))).
		Append(saga.ConstantNode("size", 1)).
		Append(saga.SubsagaNode("server", alloc, "size"))), trip{Hotel: "Ritz"})
	text, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Equal(t, `{"version":1,"name":"book-trip","params":{"Hotel":"Ritz","Card":""},"nodes":[`+
		`{"kind":"start"},`+
		`{"kind":"action","name":"payment","label":"ChargeCreditCard","action":"trip.payment",`+
		`"inputs":[{"input":"trip","from":"$params"}],"after":[0]},`+
		`{"kind":"constant","name":"size","value":1,"after":[1]},`+
		`{"kind":"subsaga_start","subsaga":"alloc","params":"size","after":[2]},`+
		`{"kind":"action","name":"pick","label":"Pick","action":"alloc.pick","after":[3]},`+
		`{"kind":"subsaga_end","name":"server","after":[4]},`+
		`{"kind":"end","after":[5]}]}`, string(text))
}

func TestSagaDAGRoundTrip(t *testing.T) {
	quoted := build(t,
		saga.NewDAGBuilder(`q"<&>\`).Append(saga.ConstantNode("c", "<\u2028>")).Append(saga.ConstantNode("n", nil)).
			Append(saga.ActionNode("ä", "Grüße <b>", "a b", saga.Bind("x", "n"))))
	for _, dag := range []*saga.DAG{tripDAG(t), nestedDAG(t), quoted, chain(t, 100), fan(t, 100)} {
		d := withParams(t, dag, map[string]any{"a": "<x>", "b": nil})
		text, err := json.Marshal(d)
		require.NoError(t, err)

		var back saga.SagaDAG
		require.NoError(t, json.Unmarshal(text, &back))
		assert.True(t, d.Equal(&back))
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		assert.Equal(t, text, again)
		assert.Equal(t, d.DAG, back.DAG)
		assert.JSONEq(t, string(d.Params()), string(back.Params()))

		indented, err := json.MarshalIndent(d, "", "  ")
		require.NoError(t, err)
		var fromIndented saga.SagaDAG
		require.NoError(t, json.Unmarshal(indented, &fromIndented))
		assert.True(t, back.Equal(&fromIndented))
		assert.Equal(t, back.DAG, fromIndented.DAG, "white space in the text is not part of a constant")
		assert.Equal(t, back.Params(), fromIndented.Params())
	}
}

func TestSagaDAGsAreEqualIfDAGAndParametersAre(t *testing.T) {
	d := withParams(t, tripDAG(t), trip{Hotel: "Ritz"})
	assert.True(t, d.Equal(withParams(t, tripDAG(t), trip{Hotel: "Ritz"})))
	assert.False(t, d.Equal(withParams(t, tripDAG(t), trip{Hotel: "Savoy"})))
	assert.False(t, d.Equal(withParams(t, chain(t, 5), trip{Hotel: "Ritz"})))
	assert.False(t, d.Equal(nil))
	assert.False(t, d.Equal(&saga.SagaDAG{}))
}

func TestSagaDAGRequiresADAGAndParameters(t *testing.T) {
	_, err := saga.NewSagaDAG(nil, 1)
	assert.EqualError(t, err, "saga has no DAG")
	_, err = saga.NewSagaDAG(new(saga.DAG), 1)
	assert.EqualError(t, err, "saga has no DAG")
	_, err = saga.NewSagaDAG(tripDAG(t), make(chan int))
	assert.EqualError(t, err, `saga "book-trip": parameters: json: unsupported type: chan int`)
	_, err = json.Marshal(&saga.SagaDAG{})
	assert.ErrorContains(t, err, "saga has no DAG")

	d := withParams(t, tripDAG(t), nil)
	assert.Equal(t, json.RawMessage("null"), d.Params())
	var back saga.SagaDAG
	require.NoError(t, json.Unmarshal([]byte(`{"version":1,"name":"s","nodes":[{"kind":"start"},`+
		`{"kind":"constant","name":"c","value":1,"after":[0]},{"kind":"end","after":[1]}]}`), &back))
	assert.Equal(t, json.RawMessage("null"), back.Params(), "absent parameters are null")
}

// nodesJSON returns the JSON of a DAG with these nodes between its start and
// its end. The end runs after the last of them.
func nodesJSON(nodes ...string) string {
	all := append([]string{`{"kind":"start"}`}, nodes...)
	all = append(all, fmt.Sprintf(`{"kind":"end","after":[%d]}`, len(all)-1))
	return `{"version":1,"name":"s","params":null,"nodes":[` + strings.Join(all, ",") + `]}`
}

func TestSagaDAGRejectsInvalidDAGs(t *testing.T) {
	const a = `{"kind":"action","name":"a","action":"a","after":[0]}`
	const deep = `{"kind":"action","name":"deep","action":"deep","after":[2]}`
	const open = `{"kind":"subsaga_start","subsaga":"sub","params":"a","after":[1]}`
	const closed = `{"kind":"subsaga_end","name":"sub","after":[3]}`
	const b = `{"kind":"action","name":"b","action":"b","after":[4]}`
	require.NoError(t, json.Unmarshal([]byte(nodesJSON(a, open, deep, closed, b)), new(saga.SagaDAG)),
		"the base of the cases below is valid")

	tests := []struct{ name, text, want string }{
		{"no JSON", `{`, "unexpected end of JSON input"},
		{"no object", `[]`, "json: cannot unmarshal array"},
		{"no version", `{"name":"s"}`,
			"saga DAG: version 0 is unknown, want 1: another version of this package wrote it"},
		{"later version", `{"version":2}`,
			"saga DAG: version 2 is unknown, want 1: another version of this package wrote it"},
		{"no nodes", `{"version":1,"name":"s"}`,
			`saga DAG "s": a saga ends with exactly one node, whose output is the saga's`},
		{"start and end only", nodesJSON(),
			`saga DAG "s": a saga ends with exactly one node, whose output is the saga's`},
		{"no name", `{"version":1,"nodes":[{},{},{}]}`, `saga DAG "": bad name: it is empty`},
		{"unknown kind", nodesJSON(`{"kind":"loop"}`), `node kind "loop" is unknown`},
		{"kind that no DAG contains", nodesJSON(`{"kind":"subsaga","after":[0]}`),
			`node 1: subsaga out of place`},
		{"two starts", nodesJSON(`{"kind":"start","after":[0]}`), `node 1: start out of place`},
		{"two ends", nodesJSON(`{"kind":"end","after":[0]}`), `node 1: end out of place`},
		{"no start", `{"version":1,"name":"s","nodes":[` + a + `,` + a + `,` + a + `]}`, `node 0: action out of place`},
		{"no end",
			`{"version":1,"name":"s","nodes":[{"kind":"start"},` + a +
				`,{"kind":"action","name":"b","action":"b","after":[1]}]}`, `node 2: action out of place`},
		{"start with a parent",
			`{"version":1,"name":"s","nodes":[{"kind":"start","after":[1]},` + a + `,{"kind":"end","after":[1]}]}`,
			`node 0: runs after node 1, which is not before it`},
		{"no parents", nodesJSON(`{"kind":"action","name":"a","action":"a"}`), `node 1: it has no parents`},
		{"after itself", nodesJSON(`{"kind":"action","name":"a","action":"a","after":[1]}`),
			`node 1: runs after node 1, which is not before it`},
		{"cycle",
			nodesJSON(`{"kind":"action","name":"a","action":"a","after":[2]}`,
				`{"kind":"action","name":"b","action":"b","after":[1]}`),
			`node 1: runs after node 2, which is not before it`},
		{"negative index", nodesJSON(`{"kind":"action","name":"a","action":"a","after":[-1]}`),
			`node 1: runs after node -1, which is not before it`},
		{"huge index", nodesJSON(`{"kind":"action","name":"a","action":"a","after":[9223372036854775807]}`),
			`node 1: runs after node 9223372036854775807, which is not before it`},
		{"index beyond int", nodesJSON(`{"kind":"action","name":"a","action":"a","after":[9223372036854775808]}`),
			`cannot unmarshal number 9223372036854775808`},
		{"same parent twice", nodesJSON(a, `{"kind":"action","name":"b","action":"b","after":[1,1]}`),
			`node 2: runs after node 1 twice`},
		{"start and another parent", nodesJSON(a, `{"kind":"action","name":"b","action":"b","after":[0,1]}`),
			`node 2: runs after node 0, the start, and after others`},
		{"end with two parents",
			`{"version":1,"name":"s","nodes":[{"kind":"start"},` + a +
				`,{"kind":"action","name":"b","action":"b","after":[0]},{"kind":"end","after":[1,2]}]}`,
			`node 3: a saga ends with exactly one node, whose output is the saga's`},
		{"end after the start",
			`{"version":1,"name":"s","nodes":[{"kind":"start"},` + a + `,{"kind":"end","after":[0]}]}`,
			`node 2: a saga ends with exactly one node, whose output is the saga's`},
		{"node without children", nodesJSON(a, `{"kind":"action","name":"b","action":"b","after":[0]}`),
			`node 1: a saga ends with exactly one node, whose output is the saga's`},
		{"name used twice", nodesJSON(a, `{"kind":"action","name":"a","action":"a","after":[1]}`),
			`node "a": another node has that name`},
		{"name with a slash", nodesJSON(`{"kind":"action","name":"sub/deep","action":"a","after":[0]}`),
			`node 1: bad name: "sub/deep" contains '/'`},
		{"action without a name", nodesJSON(`{"kind":"action","action":"a","after":[0]}`),
			`node 1: bad name: it is empty`},
		{"action without an action", nodesJSON(`{"kind":"action","name":"a","after":[0]}`),
			`node 1: bad name: action: it is empty`},
		{"action with a value", nodesJSON(`{"kind":"action","name":"a","action":"a","value":1,"after":[0]}`),
			`node 1: bad node: it has fields that a node of kind action doesn't have`},
		{"label of two lines", nodesJSON(`{"kind":"action","name":"a","label":"x\ny","action":"a","after":[0]}`),
			`node 1: bad name: label: "x\ny" contains`},
		{"constant without a value", nodesJSON(`{"kind":"constant","name":"a","after":[0]}`),
			`node 1: bad node: the constant has no value`},
		{"constant with an action", nodesJSON(`{"kind":"constant","name":"a","value":1,"action":"a","after":[0]}`),
			`node 1: bad node: it has fields that a node of kind constant doesn't have`},
		{"start with a name",
			`{"version":1,"name":"s","nodes":[{"kind":"start","name":"x"},` + a + `,{"kind":"end","after":[1]}]}`,
			`node 0: bad node: it has fields that a node of kind start doesn't have`},
		{"input bound twice", nodesJSON(
			`{"kind":"action","name":"a","action":"a",` +
				`"inputs":[{"input":"x","from":"$params"},{"input":"x","from":"$params"}],"after":[0]}`),
			`node 1: bad node: input "x" is bound twice`},
		{"input of no ancestor",
			nodesJSON(`{"kind":"action","name":"a","action":"a","inputs":[{"input":"x","from":"b"}],"after":[0]}`),
			`node "a": no ancestor has that name: "b", from which its input "x" comes`},
		{"input of an inner node",
			nodesJSON(a, open, deep, closed,
				`{"kind":"action","name":"b","action":"b","inputs":[{"input":"x","from":"sub/deep"}],"after":[4]}`),
			`node "b": no ancestor has that name: "sub/deep"`},
		{"input from outside",
			nodesJSON(a, open,
				`{"kind":"action","name":"deep","action":"deep","inputs":[{"input":"x","from":"a"}],"after":[2]}`,
				closed, b), `node "deep": no ancestor has that name: "a"`},
		{"subsaga that doesn't end", nodesJSON(a, open, deep), `node 2: the subsaga that starts here has no end`},
		{"subsaga that doesn't start", nodesJSON(a, `{"kind":"subsaga_end","name":"sub","after":[1]}`),
			`node 2: subsaga_end out of place`},
		{"subsaga without nodes", nodesJSON(a, open, `{"kind":"subsaga_end","name":"sub","after":[2]}`),
			`node 3: a saga ends with exactly one node, whose output is the saga's`},
		{"subsaga with two last nodes",
			nodesJSON(a, open, deep, `{"kind":"action","name":"x","action":"x","after":[2]}`,
				`{"kind":"subsaga_end","name":"sub","after":[3,4]}`),
			`node 5: a saga ends with exactly one node, whose output is the saga's`},
		{"subsaga without a name", nodesJSON(a, `{"kind":"subsaga_start","params":"a","after":[1]}`, deep, closed, b),
			`node 2: bad name: subsaga: it is empty`},
		{"subsaga's end without a name", nodesJSON(a, open, deep, `{"kind":"subsaga_end","after":[3]}`, b),
			`node 4: bad name: it is empty`},
		{"subsaga with parameters of no ancestor",
			nodesJSON(a, `{"kind":"subsaga_start","subsaga":"sub","params":"b","after":[1]}`, deep, closed, b),
			`node "sub": no ancestor has that name: "b", from which its parameters come`},
		{"edge into a subsaga",
			nodesJSON(a, open, `{"kind":"action","name":"deep","action":"deep","after":[1]}`, closed, b),
			`node 3: runs after node 1, which is in another saga`},
		{"edge out of a subsaga",
			nodesJSON(a, open, deep, closed, `{"kind":"action","name":"b","action":"b","after":[3]}`),
			`node 5: runs after node 3, which is in another saga`},
		{"edge past a subsaga",
			nodesJSON(a, open, deep, closed, `{"kind":"action","name":"b","action":"b","after":[2]}`),
			`node 5: runs after node 2, which is in another saga`},
		{"end of another subsaga", nodesJSON(a, open, deep, `{"kind":"subsaga_end","name":"sub","after":[1]}`, b),
			`node 4: runs after node 1, which is in another saga`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := withParams(t, tripDAG(t), 1)
			d := *before
			assert.ErrorContains(t, json.Unmarshal([]byte(tt.text), &d), tt.want)
			assert.Equal(t, *before, d, "the DAG is unchanged")
		})
	}
}

func TestSagaDAGRejectsHugeJSONEarly(t *testing.T) {
	open := `{"kind":"subsaga_start","subsaga":"s","params":"$params","after":[%d]}`
	closed := `{"kind":"subsaga_end","name":"` + strings.Repeat("x", 100) + `","after":[%d]}`
	var nodes []string
	const depth = 2_000
	for i := range depth {
		nodes = append(nodes, fmt.Sprintf(open, i))
	}
	nodes = append(nodes, fmt.Sprintf(`{"kind":"action","name":"a","action":"a","after":[%d]}`, depth))
	for i := range depth {
		nodes = append(nodes, fmt.Sprintf(closed, depth+1+i))
	}
	err := json.Unmarshal([]byte(nodesJSON(nodes...)), new(saga.SagaDAG))
	assert.ErrorIs(t, err, saga.ErrTooLarge)

	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprintf(`{"kind":"constant","name":"c%d","value":1,"after":[%d]}`, i, i)
	}
	err = json.Unmarshal([]byte(nodesJSON(many...)), new(saga.SagaDAG))
	assert.ErrorIs(t, err, saga.ErrTooLarge)
}

func FuzzSagaDAGJSON(f *testing.F) {
	for _, dag := range []*saga.DAG{tripDAG(f), nestedDAG(f), chain(f, 3), fan(f, 3)} {
		text, err := json.Marshal(withParams(f, dag, trip{Hotel: "Ritz"}))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(nodesJSON(`{"kind":"action","name":"a","action":"a","after":[1]}`)))
	f.Add([]byte(nodesJSON(`{"kind":"subsaga_start","subsaga":"s","params":"$params","after":[0]}`,
		`{"kind":"constant","name":"c","value": { "a" : "<" },"after":[1]}`,
		`{"kind":"subsaga_end","name":"e","after":[2]}`)))
	f.Add([]byte(strings.Replace(nodesJSON(`{"kind":"constant","name":"c","value":1,"after":[0]}`), `"params":null`,
		`"params":{"&":"<"}`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d saga.SagaDAG
		if json.Unmarshal(text, &d) != nil {
			return
		}
		first, err := json.Marshal(&d)
		require.NoError(t, err)
		var back saga.SagaDAG
		require.NoError(t, json.Unmarshal(first, &back))
		second, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		require.True(t, d.Equal(&back))
		useDAG(t, &back)
	})
}

// useDAG calls all methods of a DAG.
func useDAG(t *testing.T, d *saga.SagaDAG) {
	t.Helper()
	d.DOT()
	status := saga.Status{ID: saga.NewID(), Name: d.Name(), State: saga.StateRunning, DAG: d,
		Nodes: make([]saga.NodeStatus, d.Len())}
	require.GreaterOrEqual(t, strings.Count(status.String(), "\n"), d.Len()+1)
	for id := engine.NodeID(0); d.Contains(id); id++ {
		ctx := callAtNode(d, id)
		if d.Kind(id) == engine.KindAction {
			for _, in := range d.Inputs(id) {
				if in.From == saga.FromParams {
					_, err := ctx.RawParams()
					require.NoError(t, err)
					continue
				}
				_, err := ctx.RawLookup(in.From)
				require.NoError(t, err, "an input's source is an ancestor")
			}
		}
		if path := d.Path(id); path != "" {
			found, err := d.Find(path)
			require.NoError(t, err)
			require.Equal(t, id, found)
		}
	}
}

func TestPartsAreEncodedOncePerShapes(t *testing.T) {
	d := withParams(t, tripDAG(t), "first")
	plain, params, err := d.Parts()
	require.NoError(t, err)
	assert.Equal(t, `"first"`, string(params))
	other, _, err := withParams(t, d.DAG, "second").Parts()
	require.NoError(t, err)
	assert.Same(t, &plain[0], &other[0])

	first, _, err := tripShapes().WithShapes(d).Parts()
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(first, plain[:len(plain)-1]))
	assert.Contains(t, string(first[len(plain)-1:]), `"shapes":`)
	again, _, err := d.Parts()
	require.NoError(t, err)
	assert.Equal(t, string(plain), string(again))

	_, _, err = new(saga.SagaDAG).Parts()
	assert.Error(t, err)
}
