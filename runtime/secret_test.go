package saga_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// number must not be displayed anywhere. It can't occur by chance in the
// addresses of pointers that fmt prints.
const number = "4111-1111-1111-1111"

type (
	secret = saga.Secret[string]

	// hidden has a Secret in an unexported field, where fmt can't call its
	// methods.
	hidden struct{ number secret }

	card struct {
		Holder string
		Number secret
		hidden hidden
	}
)

func newCard() card {
	s := saga.NewSecret(number)
	return card{Holder: "Ann", Number: s, hidden: hidden{s}}
}

// requireHidden checks that a text doesn't contain the number, in any form in
// which fmt writes strings.
func requireHidden(t *testing.T, text string, about ...any) {
	t.Helper()
	for _, form := range []string{
		"4111-", fmt.Sprintf("%x", "4111-1"), "52 49 49 49", "0x34, 0x31", "0x34 0x31", "NDExMS0x",
	} {
		require.NotContains(t, text, form, about...)
	}
}

func TestSecretIsHiddenFromFmt(t *testing.T) {
	c := newCard()
	values := []any{
		c.Number, &c.Number, c, &c, []card{c}, map[string]card{"a": c}, map[string]any{"a": &c}, [1]secret{c.Number},
		c.hidden, &c.hidden,
		saga.NewSecret([]byte(number)), saga.NewSecret([]string{number}),
		saga.NewSecret(map[string]string{number: number}),
		saga.NewSecret(&c), saga.NewSecret(any(number)),
		struct{ s saga.Secret[[]byte] }{saga.NewSecret([]byte(number))},
		struct {
			s saga.Secret[map[string]string]
		}{saga.NewSecret(map[string]string{"n": number})}, struct{ s saga.Secret[any] }{saga.NewSecret(any(number))},
		struct {
			s saga.Secret[struct{ n string }]
		}{saga.NewSecret(struct{ n string }{number})},
		struct{ s saga.Secret[[8]byte] }{saga.NewSecret([8]byte([]byte(number)))},
	}
	for _, v := range values {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
			for _, flags := range []string{"", "+", "#", " ", "-30", "030", "+#", "10.3"} {
				format := "%" + flags + string(verb)
				requireHidden(t, fmt.Sprintf(format, v), "%s of %T", format,
					v) //nolint:govet // wrong verbs are tested
			}
		}
		requireHidden(t, fmt.Sprint(v)+fmt.Sprintln(v))
	}
	assert.Equal(t, "[redacted]", fmt.Sprint(c.Number))
	assert.Equal(t, "[redacted]", fmt.Sprintf("%#v", c.Number))
	assert.Equal(t, "[redacted]", c.Number.String())
	assert.Equal(t, "[redacted]", c.Number.GoString())
	assert.EqualError(t, fmt.Errorf("card %s is refused", c.Number), "card [redacted] is refused")
}

func TestSecretIsHiddenFromLogs(t *testing.T) {
	c := newCard()
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		out.Reset()
		slog.New(handler).Info("paid", "number", c.Number, "pointer", &c.Number, "card", c, "cards", []*card{&c},
			"any", map[string]any{"n": c.Number}, slog.Group("g", "n", c.Number), "error", fmt.Errorf("card %v", c))
		requireHidden(t, out.String())
		assert.Contains(t, out.String(), "[redacted]")
	}
}

func TestSecretIsHiddenFromEncoders(t *testing.T) {
	c := newCard()
	text, err := json.Marshal(map[string]any{"card": c, "pointer": &c, "number": c.Number})
	require.NoError(t, err)
	assert.JSONEq(t,
		`{"card":{"Holder":"Ann","Number":"[redacted]"},
			"pointer":{"Holder":"Ann","Number":"[redacted]"},
			"number":"[redacted]"}`, string(text))
	text, err = xml.Marshal(c)
	require.NoError(t, err)
	assert.Equal(t, `<card><Holder>Ann</Holder><Number>[redacted]</Number></card>`, string(text))
	var page strings.Builder
	require.NoError(t,
		template.Must(template.New("").Parse(`{{.Number}} {{.}} {{printf "%q" .Number}}`)).Execute(&page, c))
	requireHidden(t, page.String())
}

func TestOnlyRevealReturnsTheSecret(t *testing.T) {
	assert.Equal(t, number, newCard().Number.Reveal())
	assert.Zero(t, secret{}.Reveal())
	assert.True(t, secret{}.IsZero())
	assert.True(t, saga.NewSecret("").IsZero())
	assert.False(t, newCard().Number.IsZero())
	assert.Equal(t, newCard(), newCard(), "reflect.DeepEqual compares values")
	assert.NotEqual(t, newCard().Number, saga.NewSecret("other"))
}

func TestSecretDecodesTheStoredFormAndPlainJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"$secret":"4111"}`:       "4111",
		` { "$secret" : "4111" } `: "4111",
		`"4111"`:                   "4111",
		`{"$secret":null}`:         "",
		`null`:                     "",
	} {
		var s secret
		require.NoError(t, json.Unmarshal([]byte(text), &s), text)
		assert.Equal(t, want, s.Reveal(), text)
	}
	var object saga.Secret[map[string]int]
	require.NoError(t, json.Unmarshal([]byte(`{"a":1,"$secret":2}`), &object))
	assert.Equal(t, map[string]int{"a": 1, "$secret": 2}, object.Reveal(), "the stored form has no other members")

	for _, text := range []string{`"[redacted]"`, `{"$secret":"[redacted]"}`} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), new(secret)),
			"the secret was redacted when it was encoded", text)
	}
}

func TestDecodingErrorsDoNotRevealTheSecret(t *testing.T) {
	err := json.Unmarshal([]byte(`{"$secret":41114111}`), new(saga.Secret[int8]))
	require.EqualError(t, err, "the JSON of the secret can't be decoded as int8")
	err = json.Unmarshal([]byte(`4111.5`), new(saga.Secret[int]))
	require.EqualError(t, err, "the JSON of the secret can't be decoded as int")
	err = json.Unmarshal([]byte(`{"$secret":{"$secret":"[redacted]"}}`), new(saga.Secret[secret]))
	require.ErrorContains(t, err, "the secret was redacted")
}

// encodedOutput returns the JSON of an action's output.
func encodedOutput[T any](t *testing.T, output T) json.RawMessage {
	t.Helper()
	pay := saga.NewActionFunc("pay", func(saga.ActionContext) (T, error) { return output, nil }, nil)
	dag := withParams(t, build(t, saga.NewDAGBuilder("shop").Append(saga.ActionNode("payment", "pay", "pay"))), nil)
	encoded, err := pay.Do(callAt(t, dag, "payment"))
	require.NoError(t, err)
	return encoded
}

func TestSecretReachesTheStoreAndTheNextAction(t *testing.T) {
	const stored = `{"Holder":"Ann","Number":{"$secret":"` + number + `"}}`
	c := newCard()
	assert.JSONEq(t, stored, string(encodedOutput(t, c)))

	dag := withParams(t, build(t, saga.NewDAGBuilder("shop").
		Append(saga.ConstantNode("default", c)).
		Append(saga.ActionNode("payment", "pay", "pay", saga.Bind("default", "default"),
			saga.Bind("card", saga.FromParams)))), c)
	assert.JSONEq(t, stored, string(dag.Params()))
	assert.JSONEq(t, stored, string(dag.Value(find(t, dag.DAG, "default"))))

	text, err := json.Marshal(dag) // the stored form
	require.NoError(t, err)
	read := new(saga.SagaDAG)
	require.NoError(t, json.Unmarshal(text, read))
	assert.True(t, dag.Equal(read))
	type inputs struct {
		Default card `saga:"default"`
		Card    card `saga:"card"`
	}
	called := false
	pay := saga.NewAction(saga.ActionSpec[inputs, saga.None]{Name: "pay",
		Do: func(_ saga.ActionContext, in inputs) (saga.None, error) {
			called = true
			assert.Equal(t, number, in.Default.Number.Reveal())
			assert.Equal(t, number, in.Card.Number.Reveal())
			return saga.None{}, nil
		}})
	_, err = pay.Do(callAt(t, read, "payment"))
	require.NoError(t, err)
	assert.True(t, called)
}

func TestDisplayedSagasAreRedacted(t *testing.T) {
	dag := withParams(t, build(t, saga.NewDAGBuilder("shop").
		Append(saga.ConstantNode("default", newCard())).
		Append(saga.ActionNode("payment", "pay", "pay"))), newCard())
	failure, err := json.Marshal(map[string]any{"message": 1, "reason": json.RawMessage(encodedOutput(t, newCard()))})
	require.NoError(t, err)
	order, err := json.Marshal(map[string]any{"by": json.RawMessage(encodedOutput(t, newCard()))})
	require.NoError(t, err)
	status := &saga.Status{
		ID: saga.NewID(), Name: "shop", State: saga.StateRunning, DAG: dag, Nodes: make([]saga.NodeStatus, dag.Len()),
		Events: []engine.Event{
			{Seq: 0, Node: 2, Kind: engine.EventStarted},
			{Seq: 1, Node: 2, Kind: engine.EventSucceeded, Payload: encodedOutput(t, newCard())},
			{Seq: 2, Node: 2, Kind: engine.EventFailed, Payload: failure},
			{Seq: 3, Kind: engine.EventPaused, Payload: order},
			{Seq: 4, Kind: engine.EventAbandoned, Payload: json.RawMessage(`{"$secret":"` + number)},
		},
	}
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(handler).Info("shown", "status", status, "log", status.Log(), "dag", dag, "event", status.Events[1])
	}
	failed := &saga.FailedError{ID: status.ID, Name: "shop", State: saga.StateFailed, Failures: status.Failures(),
		Abandoned: status.Log().Abandoned()}
	for name, view := range map[string]string{
		"tree": status.String(), "DOT": dag.DOT(), "DOT of a status": status.DOT(), "Mermaid": dag.Mermaid(),
		"Mermaid of a status": status.Mermaid(),
		"pretty log":          status.Log().String(), "error": failed.Error(), "slog": logged.String(),
	} {
		requireHidden(t, view, name)
	}
	assert.Contains(t, status.String(), `(constant = {"Holder":"Ann","Number":"[redacted]"})`)
}

func TestRedactReplacesOnlySecrets(t *testing.T) {
	for raw, want := range map[string]string{
		`{"$secret":1}`:                                          `"[redacted]"`,
		`[{"$secret":{"a":{"$secret":1}}}]`:                      `["[redacted]"]`,
		`{"a" : {"$secret":[1,"}"]}, "b":[ {"$secret":2} ,3e0]}`: `{"a" : "[redacted]", "b":[ "[redacted]" ,3e0]}`,
		`{"x":1,"$secret":2}`:                                    `"[redacted]"`,
		`{"a":"\"$secret\":1"}`:                                  `{"a":"\"$secret\":1"}`,
		`{"a":"$secret"}`:                                        `{"a":"$secret"}`,
		`["$secret",{"b":1}]`:                                    `["$secret",{"b":1}]`,
		`{"$secret":`:                                            `"[redacted]"`,
		`{"$secrets":1}`:                                         `{"$secrets":1}`,
		` null`:                                                  ` null`,
		``:                                                       ``,
		`{"$secret":1} {"more":2`:                                `"[redacted]"`,
	} {
		given := json.RawMessage(raw)
		assert.Equal(t, want, string(saga.Redact(given)), raw)
		assert.Equal(t, raw, string(given), "the argument is not changed")
	}
	deep := strings.Repeat("[", 9_000) + `{"$secret":1}` + strings.Repeat("]", 9_000)
	assert.NotContains(t, string(saga.Redact(json.RawMessage(deep))), "$secret")
}

// declined is an error type of a user.
type declined struct {
	Card card
	Code int
}

func (d *declined) Error() string { return fmt.Sprintf("card %v is declined", d.Card) }

func TestErrorOfAnActionIsRestoredWithoutItsSecrets(t *testing.T) {
	failure := saga.NewActionError(&declined{Card: newCard(), Code: 7}, saga.ReasonError, 1)
	text, err := json.Marshal(failure)
	require.NoError(t, err)
	requireHidden(t, string(text))
	read := new(saga.ActionError)
	require.NoError(t, json.Unmarshal(text, read))
	requireHidden(t, fmt.Sprintf("%v %+v", read, *read))
	var back *declined
	require.True(t, errors.As(read, &back))
	assert.Equal(t, 7, back.Code)
	assert.Equal(t, "Ann", back.Card.Holder)
	assert.True(t, back.Card.Number.IsZero())
}

func TestPanicWithASecretDoesNotRevealIt(t *testing.T) {
	err := &engine.PanicError{Value: newCard()}
	requireHidden(t, err.Error())
}

func ExampleSecret() {
	type Card struct {
		Holder string
		Number saga.Secret[string]
	}
	c := Card{Holder: "Ann", Number: saga.NewSecret("4111")}
	fmt.Printf("%+v\n", c)
	fmt.Println(c.Number.Reveal())
	dag := saga.NewDAGBuilder("shop").Append(saga.ActionNode("pay", "Pay", "pay")).MustBuild()
	withCard, _ := saga.NewSagaDAG(dag, c)
	fmt.Println(string(withCard.Params()))
	fmt.Println(string(saga.Redact(withCard.Params())))
	// Output:
	// {Holder:Ann Number:[redacted]}
	// 4111
	// {"Holder":"Ann","Number":{"$secret":"4111"}}
	// {"Holder":"Ann","Number":"[redacted]"}
}
