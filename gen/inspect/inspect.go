// Package inspect describes the sagas and actions that packages declare. It
// prints graphs of sagas with their data flow as text, JSON, DOT, Mermaid or
// SVG, and lists of sagas and actions. The commands sagagen graph and sagagen
// list use it.
//
// The output depends only on the sources, byte for byte.
package inspect

import (
	"encoding/json"
	"fmt"
	"go/types"
	"strings"
	"time"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// Func is the do or the undo of an action.
type Func struct {
	// Name is the Go name, such as "refund" or "(*Service).refund".
	Name string `json:"name"`
	// Params are the parameters without the receiver.
	Params []Data `json:"params,omitempty"`
	// Unknown says that an undo accepts unknown outcomes.
	Unknown  bool   `json:"unknown,omitempty"`
	Timeout  string `json:"timeout,omitempty"`
	Attempts *int   `json:"attempts,omitempty"`
	Backoff  string `json:"backoff,omitempty"`
	Limit    *int   `json:"limit,omitempty"`
}

// Data is an input, a parameter or another named value.
type Data struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// UndoOnly says that only the undo takes the input.
	UndoOnly bool `json:"undo_only,omitempty"`
}

// String returns the name and the type.
func (d Data) String() string {
	if d.UndoOnly {
		return d.Name + " " + d.Type + " (undo)"
	}
	return d.Name + " " + d.Type
}

func (f *Func) full() string { return f.Name }

// short returns the name without the receiver.
func (f *Func) short() string {
	if _, method, ok := strings.Cut(f.Name, ")."); ok {
		return method
	}
	return f.Name
}

// policy returns the policy in the directive, with its words.
func (f *Func) policy() []string {
	var list []string
	if f.Timeout != "" {
		list = append(list, "timeout "+f.Timeout)
	}
	if f.Attempts != nil {
		list = append(list, fmt.Sprintf("attempts %d", *f.Attempts))
	}
	if f.Backoff != "" {
		list = append(list, "backoff "+f.Backoff)
	}
	if f.Limit != nil {
		list = append(list, fmt.Sprintf("limit %d", *f.Limit))
	}
	return list
}

// qualify returns the qualifier for types in the output of a package.
func qualify(p *model.Package) types.Qualifier {
	return func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		return other.Name()
	}
}

// typeOf returns the text of a type, or "" for nil.
func typeOf(t types.Type, q types.Qualifier) string {
	if t == nil {
		return ""
	}
	return types.TypeString(t, q)
}

// newFunc describes a function. It returns nil for nil.
func newFunc(f *model.Func, q types.Qualifier) *Func {
	if f == nil {
		return nil
	}
	signature := f.Object.Signature()
	out := &Func{
		Name: f.Object.Name(), Timeout: duration(f.Policy.Timeout), Attempts: f.Policy.Attempts,
		Backoff: duration(f.Policy.Backoff), Limit: f.Policy.Limit,
	}
	if recv := signature.Recv(); recv != nil {
		t := typeOf(recv.Type(), q)
		if strings.HasPrefix(t, "*") {
			t = "(" + t + ")"
		}
		out.Name = t + "." + out.Name
	} else if pkg := q(f.Object.Pkg()); pkg != "" {
		out.Name = pkg + "." + out.Name
	}
	for i := range signature.Params().Len() {
		param := signature.Params().At(i)
		name := param.Name()
		if name == "" {
			name = "_"
		}
		out.Params = append(out.Params, Data{Name: name, Type: typeOf(param.Type(), q)})
		out.Unknown = out.Unknown || f.Args[i].Kind == model.ArgOutputPointer
	}
	return out
}

// duration formats a duration without zero units: "1m" instead of "1m0s". It
// returns "" for nil.
func duration(d *time.Duration) string {
	if d == nil {
		return ""
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// encode returns indented JSON.
func encode(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings, numbers and lists of them can always be encoded
	}
	return b.String()
}
