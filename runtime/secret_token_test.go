package saga_test

//lint:file-ignore SA5008 encoding/json ignores the option string for a Secret, which a test shows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

const storedNumber = `{"$secret":"` + number + `"}`

// encoder encodes itself by calling a function.
type encoder func() ([]byte, error)

func (e encoder) MarshalJSON() ([]byte, error) { return e() }

// textEncoder encodes itself as a text.
type textEncoder func() ([]byte, error)

func (e textEncoder) MarshalText() ([]byte, error) { return e() }

// encodedParams returns the JSON of parameters.
func encodedParams(t testing.TB, params any) (json.RawMessage, error) {
	t.Helper()
	dag, err := saga.NewSagaDAG(build(t, saga.NewDAGBuilder("shop").Append(action("a"))), params)
	if err != nil {
		return nil, err
	}
	return dag.Params(), nil
}

// tokenOf returns the token that a MarshalJSON method sees in place of the
// Secret while the runtime encodes data.
func tokenOf(t testing.TB, s secret) string {
	t.Helper()
	var token []byte
	_, err := encodedParams(t, encoder(func() (_ []byte, err error) {
		token, err = json.Marshal(s)
		return token, err
	}))
	require.NoError(t, err)
	return string(token)
}

func TestMethodsThatEncodeASecretStoreItsValue(t *testing.T) {
	s := saga.NewSecret(number)
	for name, method := range map[string]encoder{
		"the Secret":       s.MarshalJSON,
		"an interface":     func() ([]byte, error) { return json.Marshal(any(s)) },
		"a pointer":        func() ([]byte, error) { return json.Marshal(&s) },
		"a local variable": func() ([]byte, error) { return json.Marshal(saga.NewSecret(number)) },
		"a nested method":  func() ([]byte, error) { return json.Marshal(encoder(s.MarshalJSON)) },
		"an indented text": func() ([]byte, error) { return json.MarshalIndent(s, " ", "\t") },
		"spaces around it": func() ([]byte, error) { return []byte(" " + tokenWithin(t, s) + "\n"), nil },
		"an Encoder": func() ([]byte, error) {
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			err := e.Encode(s)
			return out.Bytes(), err
		},
	} {
		assert.Equal(t, storedNumber, string(encodedOutput(t, method)), name)
		assert.Equal(t, `{"a":[`+storedNumber+`,`+storedNumber+`],"b":`+storedNumber+`}`,
			string(encodedOutput(t, map[string]any{"a": []encoder{method, method}, "b": &method})), name)
		encoded, err := encodedParams(t, saga.NewSecret(method))
		require.NoError(t, err)
		assert.Equal(t, `{"$secret":`+storedNumber+`}`, string(encoded), name)
	}
	encoded := encodedOutput(t, &locked{items: map[string]any{"n": s, "m": []any{&s}}})
	assert.Equal(t, `{"m":[`+storedNumber+`],"n":`+storedNumber+`}`, string(encoded))
	var read map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(encoded, &read))
	var back secret
	require.NoError(t, json.Unmarshal(read["n"], &back))
	assert.Equal(t, s, back)
}

func tokenWithin(t *testing.T, s secret) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// The runtime doesn't open tokens there, because Redact wouldn't find the
// Secrets.
func TestSecretInsideAStringIsAnError(t *testing.T) {
	s := saga.NewSecret(number)
	quoted := func(format string, v any) encoder {
		return func() ([]byte, error) {
			text, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			return json.Marshal(fmt.Sprintf(format, text))
		}
	}
	for name, value := range map[string]any{
		"a string":            quoted("%s", s),
		"a string of objects": quoted("%s", map[string]any{"a": s}),
		"a part of a string":  quoted("the card is %s", s),
		"a string twice":      quoted("%s", quoted("%s", s)),
		"the begin": encoder(func() ([]byte, error) {
			return []byte(strings.TrimSuffix(tokenWithin(t, s), `"`) + `."`), nil
		}),
		"the end": encoder(func() ([]byte, error) { return []byte(`".` + tokenWithin(t, s)[1:]), nil }),
		"a quote": encoder(func() ([]byte, error) { return []byte(`"\` + tokenWithin(t, s)), nil }),
		"a name": encoder(func() ([]byte, error) {
			return []byte(`{"a":1,` + tokenWithin(t, s) + ` : 1}`), nil
		}),
		"a text": textEncoder(s.MarshalJSON),
		"a key":  keys(func() ([]byte, error) { return json.Marshal(s) }),
	} {
		_, err := encodedParams(t, map[string]any{"before": s, "it": value, "z": s})
		require.ErrorContains(t, err, "put the JSON of a Secret into a string", name)
		requireHidden(t, err.Error())
		assert.NotContains(t, err.Error(), "[redacted:", name)
	}
}

// keys returns a map whose key encodes itself.
func keys(text textEncoder) any { return map[*textEncoder]int{&text: 1} }

func TestSecretAsAKeyIsRedacted(t *testing.T) {
	s := saga.NewSecret(number)
	encoded := encodedOutput(t, map[*secret]any{&s: &s})
	assert.Equal(t, `{"[redacted]":`+storedNumber+`}`, string(encoded))
}

func TestOptionsOfFieldsApplyToSecrets(t *testing.T) {
	s := saga.NewSecret(number)
	type options struct {
		Empty   secret            `json:"empty,omitempty"`
		Zero    secret            `json:"zero,omitzero"`
		Pointer *secret           `json:"pointer,omitempty"`
		List    []secret          `json:",omitempty"`
		String  secret            `json:",string"`
		Int     saga.Secret[int]  `json:",string,omitzero"`
		Quoted  int               `json:",string"`
		Any     any               `json:"<any>,omitempty"`
		Deep    saga.Secret[*any] `json:",omitzero"`
	}
	assert.Equal(t, `{"empty":{"$secret":""},"String":{"$secret":""},"Quoted":"0"}`,
		string(encodedOutput(t, options{})))
	var v any = []any{s, &s}
	full := options{Empty: s, Zero: s, Pointer: &s, List: []secret{s}, String: s, Int: saga.NewSecret(4111), Quoted: 1,
		Any: &s, Deep: saga.NewSecret(&v)}
	const want = `{"empty":§,"zero":§,"pointer":§,"List":[§],"String":§,"Int":{"$secret":4111},"Quoted":"1",` +
		`"\u003cany\u003e":§,"Deep":{"$secret":[§,§]}}`
	assert.Equal(t, strings.ReplaceAll(want, "§", storedNumber), string(encodedOutput(t, full)))
}

func TestSecretsOfAnyTextAreStored(t *testing.T) {
	token := tokenOf(t, saga.NewSecret("other"))
	for _, text := range []string{
		"", "<&>", `"`, `\`, "\u2028\x00", "\xff", "[redacted:", `"[redacted:`, `"[redacted:]"`, token, altered(token),
		strings.Repeat("long ", 10_000),
	} {
		plain, err := json.Marshal(text)
		require.NoError(t, err)
		encoded := encodedOutput(t, saga.NewSecret(text))
		assert.Equal(t, `{"$secret":`+string(plain)+`}`, string(encoded))
		var back secret
		require.NoError(t, json.Unmarshal(encoded, &back))
		assert.Equal(t, strings.ToValidUTF8(text, "\ufffd"), back.Reveal())
	}
}

// altered returns a token that no process has made.
func altered(token string) string {
	middle := len(token) / 2
	return token[:middle] + string('A'+(token[middle]-'A'+1)%2) + token[middle+1:]
}

func TestTextThatLooksLikeATokenStaysAsItIs(t *testing.T) {
	token := tokenOf(t, saga.NewSecret(number))
	forged := `"[redacted:` + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", 80)+storedNumber)) + `]"`
	texts := []string{forged, `"[redacted:` + storedNumber + `]"`, `"[redacted:]"`, `"[redacted:"`, `"[redacted]"`,
		token, token[:len(token)-2] + `"`, token[:len(token)-10] + `]"`, strings.Replace(token, "]", "A]", 1),
		strings.Replace(token, "]", "=]", 1), strings.ToUpper(token), `"` + strings.Repeat("[redacted:", 1000) + `"`}
	for i := len(`"[redacted:`); i < len(token)-2; i++ {
		for _, to := range []byte("AB_ ") {
			if token[i] != to {
				texts = append(texts, token[:i]+string(to)+token[i+1:])
			}
		}
	}
	for _, text := range texts {
		plain, err := json.Marshal(text)
		require.NoError(t, err)
		// As a string, as a part of a string, and as a name.
		assert.Equal(t, `[`+string(plain)+`]`, string(encodedOutput(t, []string{text})))
		if !json.Valid([]byte(text)) {
			continue
		}
		for _, raw := range []string{text, `[` + text + `,` + text + `]`, `{` + text + `:` + text + `}`} {
			assert.Equal(t, raw, string(encodedOutput(t, json.RawMessage(raw))))
		}
		// Tokens beside it are opened.
		assert.Equal(t, `{"a":`+storedNumber+`,"b":`+text+`,"c":`+storedNumber+`}`,
			string(encodedOutput(t, map[string]any{
				"a": saga.NewSecret(number), "b": json.RawMessage(text), "c": saga.NewSecret(number),
			})))
	}
}

// While the runtime encodes data, a MarshalJSON method may log it.
func TestMarshalJSONMethodDoesNotSeeTheValue(t *testing.T) {
	c := newCard()
	var seen bytes.Buffer
	encoded := encodedOutput(t, encoder(func() ([]byte, error) {
		slog.New(slog.NewJSONHandler(&seen, nil)).Info("encoding", "card", c, "number", c.Number, "any", []any{&c})
		fmt.Fprintf(&seen, "%v %+v %#v", c, &c, c)
		text, err := json.Marshal(c)
		seen.Write(text)
		return text, err
	}))
	assert.JSONEq(t, `{"Holder":"Ann","Number":`+storedNumber+`}`, string(encoded))
	assert.Contains(t, seen.String(), "[redacted:")
	requireHidden(t, seen.String())
	isBetween := func(r rune) bool { return strings.ContainsRune(`":[] {}`, r) }
	for _, part := range strings.FieldsFunc(seen.String(), isBetween) {
		decoded, _ := base64.RawURLEncoding.DecodeString(part)
		requireHidden(t, string(decoded))
	}
	assert.NotEqual(t, tokenOf(t, c.Number), tokenOf(t, c.Number), "equal values aren't recognized")
}

// Most programs have a shallower stack, and get "[redacted]".
func TestSecretIsHiddenOnADeepStack(t *testing.T) {
	var deep func(depth int) string
	deep = func(depth int) string {
		if depth == 0 {
			return tokenWithin(t, saga.NewSecret(number))
		}
		return deep(depth - 1)
	}
	assert.Equal(t, `"[redacted]"`, deep(200))
	requireHidden(t, deep(10_000))

	list := &tree{Value: saga.NewSecret(number)}
	for range 500 {
		list = &tree{Value: saga.NewSecret(number), Left: list}
	}
	assert.Equal(t, 501, bytes.Count(encodedOutput(t, list), []byte(storedNumber)))
}

func TestTokenDoesNotDecode(t *testing.T) {
	token := tokenOf(t, saga.NewSecret(number))
	theirs, _ := encodedByAnotherProcess(t, token)
	for _, text := range []string{token, theirs, altered(token)} {
		for _, err := range []error{
			json.Unmarshal([]byte(text), new(secret)),
			json.Unmarshal([]byte(text), new(saga.Secret[any])),
			json.Unmarshal([]byte(`{"$secret":{"Number":`+text+`}}`), new(saga.Secret[inner])),
		} {
			require.ErrorContains(t, err, "the secret is a token that only its encoder could read")
			requireHidden(t, err.Error())
		}
	}
	var s secret
	require.NoError(t, json.Unmarshal([]byte(`"[redacted: see the file]"`), &s))
	assert.Equal(t, "[redacted: see the file]", s.Reveal())
}

func TestTokenOfAnotherProcessIsNotOpened(t *testing.T) {
	ours := tokenOf(t, saga.NewSecret(number))
	theirs, encoded := encodedByAnotherProcess(t, ours)
	assert.Equal(t, `{"a":`+ours+`,"b":`+storedNumber+`}`, encoded)
	require.Len(t, theirs, len(ours))
	assert.Equal(t, `[`+theirs+`]`, string(encodedOutput(t, []json.RawMessage{json.RawMessage(theirs)})))
}

const tokenVariable = "SAGA_TEST_TOKEN"

// encodedByAnotherProcess runs this test program again. It returns a token of
// the number, and the JSON of an object with our token and the number.
func encodedByAnotherProcess(t *testing.T, ours string) (token, encoded string) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), program, "-test.run=^TestEncodeInAnotherProcess$", "-test.v")
	command.Env = append(os.Environ(), tokenVariable+"="+ours)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "token="); ok {
			token = strings.TrimSpace(text)
		}
		if text, ok := strings.CutPrefix(line, "encoded="); ok {
			encoded = strings.TrimSpace(text)
		}
	}
	require.Contains(t, token, `"[redacted:`, "%s", out)
	return token, encoded
}

func TestEncodeInAnotherProcess(t *testing.T) {
	ours := os.Getenv(tokenVariable)
	if ours == "" {
		t.Skip("encodedByAnotherProcess runs it")
	}
	encoded := encodedOutput(t, map[string]any{"a": json.RawMessage(ours), "b": saga.NewSecret(number)})
	fmt.Printf("\nencoded=%s\ntoken=%s\n", encoded, tokenOf(t, saga.NewSecret(number)))
}

// Users and the runtime encode the same Secrets at the same time.
func TestSecretsAreEncodedConcurrently(t *testing.T) {
	shared := newCard()
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			own := saga.NewSecret(fmt.Sprintf("%s-%d", number, worker))
			value := map[string]any{"card": shared, "own": encoder(own.MarshalJSON)}
			for range 200 {
				want := fmt.Sprintf(`{"card":{"Holder":"Ann","Number":%s},"own":{"$secret":"%s-%d"}}`,
					storedNumber, number, worker)
				encoded, err := encodedParams(t, value)
				assert.NoError(t, err)
				assert.Equal(t, want, string(encoded))
				plain, err := json.Marshal(value)
				assert.NoError(t, err)
				assert.Equal(t, `{"card":{"Holder":"Ann","Number":"[redacted]"},"own":"[redacted]"}`, string(plain))
			}
		})
	}
	workers.Wait()
}

// This limitation is documented: only the goroutine that encodes is known.
func TestMethodThatEncodesInAnotherGoroutineGetsRedactedText(t *testing.T) {
	s := saga.NewSecret(number)
	encoded := encodedOutput(t, encoder(func() (text []byte, err error) {
		var other sync.WaitGroup
		other.Go(func() { text, err = json.Marshal(s) })
		other.Wait()
		return text, err
	}))
	assert.Equal(t, `"[redacted]"`, string(encoded))
}

func TestErrorInAMethodOfASecretIsReturned(t *testing.T) {
	failing := encoder(func() ([]byte, error) { return nil, fmt.Errorf("no JSON today") })
	_, err := encodedParams(t, map[string]any{"a": saga.NewSecret(number), "b": saga.NewSecret(failing)})
	require.ErrorContains(t, err, "no JSON today")
}

// A token may be kept, or come back from a log, by mistake or by an attacker.
func TestTokenIsOpenedOnlyWhereItWasMade(t *testing.T) {
	var kept []byte
	keeping := encoder(func() (_ []byte, err error) {
		if kept == nil {
			kept, err = json.Marshal(saga.NewSecret(number))
		}
		return kept, err
	})
	assert.Equal(t, `[`+storedNumber+`,`+storedNumber+`]`, string(encodedOutput(t, []any{keeping, &keeping})))
	encoded := encodedOutput(t, []any{keeping, saga.NewSecret(keeping), saga.NewSecret(number)})
	assert.Equal(t, `[`+string(kept)+`,{"$secret":`+string(kept)+`},`+storedNumber+`]`, string(encoded))
}

// FuzzTextIsNoToken checks that texts of users are stored as json.Marshal
// encodes them, also around a Secret.
func FuzzTextIsNoToken(f *testing.F) {
	token := tokenOf(f, saga.NewSecret(number))
	for _, text := range []string{
		"", `""`, `"[redacted:`, `[redacted:`, `[redacted:]`, `"[redacted:]"`, `\"[redacted:`, `\\"[redacted:]"`,
		`{"[redacted:AAAA]":"[redacted:AAAA]"}`, `["[redacted:[redacted:AAAA]]"]`, `"[redacted]"`, `"\u005bredacted:"`,
		`{"$secret":1}`, token, altered(token), token[1:], token[:len(token)-1], token[:len(token)-2],
		`[` + altered(token) + `]`,
		`{` + altered(token) + ` : ` + altered(token) + `}`,
		`"` + strings.Repeat("[redacted:", 100) + `]"`,
	} {
		f.Add(text)
	}
	s := saga.NewSecret(number)
	f.Fuzz(func(t *testing.T, text string) {
		values := []any{text, []byte(text), map[string]string{text: text}, struct{ A, B any }{text, text}}
		if json.Valid([]byte(text)) {
			values = append(values, json.RawMessage(text), map[string]any{"x": json.RawMessage(text)})
		}
		for _, value := range values {
			want, err := json.Marshal(value)
			require.NoError(t, err)
			encoded, err := encodedParams(t, value)
			require.NoError(t, err)
			require.Equal(t, string(want), string(encoded))

			encoded, err = encodedParams(t, []any{s, value, s})
			require.NoError(t, err)
			require.Equal(t, `[`+storedNumber+`,`+string(want)+`,`+storedNumber+`]`, string(encoded))
		}
	})
}
