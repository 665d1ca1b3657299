// Package inspect shows what package gen has found in annotated packages: a saga's graph with the data that
// flows in it, as text, JSON, DOT, Mermaid or a picture in SVG, and lists of sagas and actions. It is what the
// commands sagagen graph and sagagen list print.
//
// What it writes depends on the sources alone, byte for byte.
package inspect

import (
	"encoding/json"
	"fmt"
	"go/types"
	"strings"
	"time"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// Func is a function that does or undoes something.
type Func struct {
	// Name is as in Go: "refund" or "(*Service).refund".
	Name string `json:"name"`
	// Params are the parameters in their order, without the receiver.
	Params []Data `json:"params,omitempty"`
	// Unknown says of an undo that it also undoes what may have been done.
	Unknown  bool   `json:"unknown,omitempty"`
	Timeout  string `json:"timeout,omitempty"`
	Attempts *int   `json:"attempts,omitempty"`
	Backoff  string `json:"backoff,omitempty"`
	Limit    *int   `json:"limit,omitempty"`
}

// Data is a value with a name.
type Data struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// UndoOnly says of an input that the undo takes it and the do doesn't.
	UndoOnly bool `json:"undo_only,omitempty"`
}

// String returns the data as in Go.
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

// policy returns what the directive says of attempts, as it says it.
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

// qualify returns how the types of other packages are written in one.
func qualify(p *model.Package) types.Qualifier {
	return func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		return other.Name()
	}
}

// typeOf writes a type; nil is the empty text.
func typeOf(t types.Type, q types.Qualifier) string {
	if t == nil {
		return ""
	}
	return types.TypeString(t, q)
}

// newFunc describes a function; nil if there is none.
func newFunc(f *model.Func, q types.Qualifier) *Func {
	if f == nil {
		return nil
	}
	signature := f.Object.Signature()
	out := &Func{Name: f.Object.Name(), Attempts: f.Policy.Attempts, Limit: f.Policy.Limit, Timeout: duration(f.Policy.Timeout), Backoff: duration(f.Policy.Backoff)}
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

// duration writes a duration as people do: "10s", not "10s0ms", and "1m", not "1m0s".
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

// encode writes JSON for people and for programs.
func encode(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err) // texts, numbers and lists of them can be written
	}
	return b.String()
}
