package emit

import (
	"slices"
	"strings"
	"time"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/outline"
)

// inputs declares the struct of the inputs of an action.
func (e *emitter) inputs(a *model.Action) *jen.Statement {
	fields := outline.FieldNames(a.Inputs)
	var lines []jen.Code
	for _, in := range a.Inputs {
		lines = append(lines, jen.Id(fields[in]).Add(e.typ(in.Type)).Tag(map[string]string{"saga": in.Name}))
	}
	return doc(outline.InputsType(a) + " are the inputs of the action " + a.Name + ".").
		Type().Id(outline.InputsType(a)).Struct(lines...)
}

// action declares the function that returns the saga.Action of an action.
func (e *emitter) action(a *model.Action) *jen.Statement {
	text := outline.ActionFunc(a) + " is " + a.Do.Name
	switch {
	case a.Undo == nil:
		text += ", which needs no undo."
	case undoesUnknown(a):
		text += ", undone by " + a.Undo.Name + ", also when its outcome is unknown."
	default:
		text += ", undone by " + a.Undo.Name + "."
	}

	spec := []jen.Code{
		field("Name", jen.Id(outline.ActionConstant(a))),
		field("Do", e.closure(a, a.Do)),
	}
	spec = append(spec, e.policy("DoPolicy", a.Do)...)
	if a.Undo != nil {
		key := "Undo"
		if undoesUnknown(a) {
			key = "UndoUnknown"
		}
		spec = append(spec, field(key, e.closure(a, a.Undo)))
		spec = append(spec, e.policy("UndoPolicy", a.Undo)...)
	}
	spec = append(spec, e.actionShape(a)...)

	var app []jen.Code
	if len(e.actionApp(a, nil)) > 0 {
		app = e.appParams()
	}
	return doc(text).
		Func().Id(outline.ActionFunc(a)).Params(app...).Add(e.saga("Action")).Block(
		jen.Return(e.saga("NewAction").Call(
			e.saga("ActionSpec").Types(e.inputsType(a), e.outputType(a.Output)).Add(lines("{", "}", spec...)),
		)),
	)
}

// undoesUnknown reports whether the undo of an action accepts an unknown
// output.
func undoesUnknown(a *model.Action) bool {
	return slices.ContainsFunc(a.Undo.Args, func(arg model.Arg) bool { return arg.Kind == model.ArgOutputPointer })
}

func (e *emitter) inputsType(a *model.Action) *jen.Statement {
	if len(a.Inputs) == 0 {
		return e.saga("None")
	}
	return jen.Id(outline.InputsType(a))
}

// closure returns a function literal that calls the do or the undo of an action
// with its arguments.
func (e *emitter) closure(a *model.Action, f *model.Func) *jen.Statement {
	// A local variable must not shadow the function that is called.
	local := func(name string) string {
		return naming.Unique(name, func(s string) bool { return s == f.Name && f.Object.Signature().Recv() == nil })
	}
	ctx, in, out := "_", "_", "_" // until used
	fields := outline.FieldNames(a.Inputs)
	var args []jen.Code
	for _, arg := range f.Args {
		switch arg.Kind {
		case model.ArgContext, model.ArgActionContext:
			ctx = local("ctx")
			args = append(args, jen.Id(ctx))
		case model.ArgApp:
			args = append(args, jen.Id(e.app))
		case model.ArgInput:
			in = local("in")
			args = append(args, jen.Id(in).Dot(fields[arg.Input]))
		case model.ArgOutput, model.ArgOutputPointer:
			out = local("out")
			args = append(args, jen.Id(out))
		}
	}
	params := []jen.Code{jen.Id(ctx).Add(e.saga("ActionContext")), jen.Id(in).Add(e.inputsType(a))}
	isDo := f == a.Do
	switch {
	case isDo:
	case undoesUnknown(a):
		params = append(params, jen.Id(out).Op("*").Add(e.outputType(a.Output)))
	default:
		params = append(params, jen.Id(out).Add(e.outputType(a.Output)))
	}
	called := jen.Id(f.Name)
	if f.Object.Signature().Recv() != nil {
		called = jen.Id(e.app).Dot(f.Name)
	}

	if !isDo {
		return jen.Func().Params(params...).Error().Block(jen.Return(called.Call(args...)))
	}
	results := []jen.Code{called.Call(args...)}
	if a.Output == nil {
		results = []jen.Code{e.saga("None").Values(), results[0]}
	}
	return jen.Func().Params(params...).Params(e.outputType(a.Output), jen.Error()).Block(jen.Return(results...))
}

// policy returns the field for a policy, or nothing if the directive has no
// such argument.
func (e *emitter) policy(key string, f *model.Func) []jen.Code {
	var fields []jen.Code
	if d := f.Policy.Timeout; d != nil {
		fields = append(fields, field("Timeout", e.duration(*d)))
	}
	if attempts := f.Policy.Attempts; attempts != nil {
		fields = append(fields, field("MaxAttempts", jen.Lit(*attempts)))
	}
	if d := f.Policy.Backoff; d != nil {
		fields = append(fields, field("Backoff", e.duration(*d)))
	}
	if limit := f.Policy.Limit; limit != nil {
		fields = append(fields, field("Limit", jen.Lit(*limit)))
	}
	if len(fields) == 0 {
		return nil
	}
	return []jen.Code{field(key, e.saga("Policy").Add(lines("{", "}", fields...)))}
}

// duration returns d in the largest unit of which it is a multiple.
func (e *emitter) duration(d time.Duration) *jen.Statement {
	units := []struct {
		unit time.Duration
		name string
	}{
		{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"},
		{time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}, {time.Nanosecond, "Nanosecond"},
	}
	i := 0
	for d%units[i].unit != 0 {
		i++
	}
	unit := jen.Id(e.imports.name("time")).Dot(units[i].name)
	if d == units[i].unit {
		return unit
	}
	return jen.Lit(int(d / units[i].unit)).Op("*").Add(unit)
}

// actionShape returns the shapes of the inputs and the output of an action.
func (e *emitter) actionShape(a *model.Action) []jen.Code {
	var fields []jen.Code
	if len(a.Inputs) > 0 {
		inputs := slices.SortedFunc(slices.Values(a.Inputs), func(a, b *model.Input) int { return strings.Compare(a.Name, b.Name) })
		var entries []jen.Code
		for _, in := range inputs {
			entries = append(entries, jen.Lit(in.Name).Op(":").Add(e.shape(in.Type)))
		}
		shapes := e.saga("Shapes")
		if len(entries) == 1 {
			shapes.Values(entries...)
		} else {
			shapes.Add(lines("{", "}", entries...))
		}
		fields = append(fields, field("Inputs", shapes))
	}
	if a.Output != nil {
		fields = append(fields, field("Output", e.shape(a.Output)))
	}
	if len(fields) == 0 {
		return nil
	}
	return []jen.Code{field("Shape", e.saga("Shape").Add(lines("{", "}", fields...)))}
}
