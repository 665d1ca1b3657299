package saga_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestValidNames(t *testing.T) {
	for _, name := range []string{"a", "server_alloc", "book-trip", "Zürich", "旅行", "with space", `quote"d`,
		"trip.payment",
		strings.Repeat("x", 128)} {
		dag, err := saga.NewDAGBuilder(saga.Name(name)).Append(action(saga.NodeName(name))).Build()
		if assert.NoError(t, err, name) {
			assert.Equal(t, saga.Name(name), dag.Name())
			assert.Equal(t, saga.NodePath(name), dag.Path(1))
		}
	}
}

func TestInvalidNamesAreRejected(t *testing.T) {
	tests := []struct{ name, want string }{
		{"", `it is empty`},
		{"a/b", `"a/b" contains '/', which is reserved`},
		{"$params", `"$params" contains '$', which is reserved`},
		{"a\nb", `"a\nb" contains an unprintable character at byte 1`},
		{"nul\x00", `"nul\x00" contains an unprintable character at byte 3`},
		{"bidi\u202e", `"bidi\u202e" contains an unprintable character at byte 4`},
		{"no\u00a0break", `"no\u00a0break" contains an unprintable character at byte 2`},
		{"\xff", `"\xff" is not valid UTF-8`},
		{strings.Repeat("é", 65), `"éééééééééééééééé"… is 130 bytes long, the limit is 128`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			_, err := saga.NewDAGBuilder(saga.Name(tt.name)).Append(action("n")).Build()
			assert.ErrorIs(t, err, saga.ErrBadName)
			assert.ErrorContains(t, err, ": bad name: "+tt.want)

			_, err = saga.NewDAGBuilder("s").Append(saga.ActionNode(saga.NodeName(tt.name), "label", "act")).Build()
			assert.ErrorIs(t, err, saga.ErrBadName)
			assert.ErrorContains(t, err, "bad name: "+tt.want)

			_, err = saga.NewDAGBuilder("s").Append(saga.ActionNode("n", "label", saga.ActionName(tt.name))).Build()
			assert.ErrorIs(t, err, saga.ErrBadName)
			assert.EqualError(t, err, `saga "s": node "n": bad name: action: `+tt.want)

			_, err = saga.NewDAGBuilder("s").Append(action("n", saga.Bind(tt.name, saga.FromParams))).Build()
			assert.ErrorIs(t, err, saga.ErrBadName)
			assert.EqualError(t, err, `saga "s": node "n": bad name: input: `+tt.want)
		})
	}
}

func TestLabelsAreOneLine(t *testing.T) {
	for _, label := range []string{"", "Charge the card / twice", strings.Repeat("long ", 100)} {
		_, err := saga.NewDAGBuilder("s").Append(saga.ActionNode("n", label, "act")).Build()
		assert.NoError(t, err)
	}
	_, err := saga.NewDAGBuilder("s").Append(saga.ActionNode("n", "a\n+-- done: b", "act")).Build()
	assert.EqualError(t, err,
		`saga "s": node "n": bad name: label: "a\n+-- done: b" contains an unprintable character at byte 1`)
}
