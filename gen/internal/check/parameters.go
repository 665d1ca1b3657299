package check

import (
	"fmt"
	"go/types"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"github.com/sagagen/sagagen/internal/spelling"
)

// parameterReader finds the roles of the parameters of an action's functions.
type parameterReader struct {
	*checker
	action *actionModel
	model  *model.Action
	// broken says that a parameter has a mistake.
	broken bool
}

// mistake reports a mistake in a parameter and marks the action as broken.
func (r *parameterReader) mistake(code diag.Code, v *types.Var, format string, args ...any) *report.Positioned {
	r.broken = true
	return r.Report(code, v.Pos(), format, args...)
}

// readFunc returns the model of one function, and adds its inputs to those of
// the action.
func (r *parameterReader) readFunc(f *function) *model.Func {
	fn := &model.Func{Name: f.name(), Object: f.object, Policy: f.Policy}
	own := -1
	if !f.isDo() {
		own = r.ownOutput(f)
	}
	var actionContext *types.Var
	hasApplication := f.sig().Recv() != nil
	inputs := map[string]*types.Var{}
	for i := range f.sig().Params().Len() {
		v := f.sig().Params().At(i)
		arg := model.Arg{}
		switch {
		case typeutil.IsNamed(v.Type(), "context", "Context"):
			arg.Kind = model.ArgContext
			switch {
			case i > 0 && typeutil.IsNamed(f.sig().Params().At(0).Type(), "context", "Context"):
				r.mistake(diag.CodeContextNotFirst, v,
					"%s has two context.Context parameters, which would receive the same value; remove one", f.name())
			case i > 0:
				r.mistake(diag.CodeContextNotFirst, v,
					"%s takes its context.Context as parameter %d; make it the first parameter", f.name(), i+1)
			}
		case typeutil.IsNamed(v.Type(), typeutil.RuntimePath, "ActionContext"):
			arg.Kind = model.ArgActionContext
			if actionContext != nil {
				r.mistake(diag.CodeRepeatedActionContext, v,
					"%s has two saga.ActionContext parameters, which would receive the same value; remove one",
					f.name())
			}
			actionContext = v
		case r.app != nil && types.Identical(v.Type(), r.app):
			arg.Kind = model.ArgApp
			if hasApplication {
				r.mistake(diag.CodeRepeatedApplication, v,
					"%s already has the application context %s; remove parameter %q",
					f.name(), r.TypeString(r.app), v.Name())
			}
			hasApplication = true
		case r.app != nil && types.Identical(typeutil.Deref(v.Type()), typeutil.Deref(r.app)):
			r.mistake(diag.CodeApplicationPointer, v,
				"parameter %q of %s has type %s, but the application context has type %s; use that type",
				v.Name(), f.name(), r.TypeString(v.Type()), r.TypeString(r.app))
		case i == own && types.Identical(v.Type(), r.model.Output):
			arg.Kind = model.ArgOutput
		case i == own:
			arg.Kind = model.ArgOutputPointer
		default:
			arg.Kind = model.ArgInput
			arg.Input = r.addInput(f, v, inputs)
		}
		fn.Args = append(fn.Args, arg)
	}
	return fn
}

// addInput returns the input for a parameter. It is an input that the action
// has already, if their names are alike. inputs has the earlier inputs of the
// same function, by folded name.
func (r *parameterReader) addInput(f *function, v *types.Var, inputs map[string]*types.Var) *model.Input {
	in := &model.Input{Name: v.Name(), Type: v.Type()}
	if unnamed(v) {
		in.Name = nameFromType(v.Type())
	} else if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(in.Name, "_")); !unicode.IsLetter(first) {
		r.mistake(diag.CodeUnnamedInput, v,
			"parameter %q of %s is an input, but its name doesn't begin with a letter; name it after the node that provides it",
			v.Name(), f.name())
		return in
	}
	if first := inputs[spelling.Fold(in.Name)]; first != nil {
		if !unnamed(v) || types.Identical(first.Type(), in.Type) {
			r.mistake(diag.CodeAlikeInputs, v,
				"parameter %s of %s binds to the same input as parameter %s, because names are compared without case and punctuation; rename one or remove it",
				quotedName(v), f.name(), quotedName(first)).Relate(first.Pos(), "the other one is here")
			return in
		}
		r.mistake(diag.CodeUnnamedInput, v,
			"an unnamed parameter of %s has type %s, which doesn't determine its input; name it after the node that provides it",
			f.name(), r.TypeString(in.Type))
		return in
	}
	inputs[spelling.Fold(in.Name)] = v
	for _, other := range r.model.Inputs {
		if !spelling.Alike(other.Name, in.Name) {
			continue
		}
		if !types.Identical(other.Type, in.Type) {
			here, there := r.TypeStrings(in.Type, other.Type)
			r.mistake(diag.CodeInputTypes, v,
				"parameter %q of %s has type %s, but in %s it has type %s; use the same type in both functions, or rename one parameter",
				in.Name, f.name(), here, r.action.do.name(), there).
				Relate(r.action.params[other].Pos(), "the other one is here")
		}
		return other
	}
	r.model.Inputs = append(r.model.Inputs, in)
	r.action.params[in] = v
	return in
}

// unnamed reports whether a parameter has no name, and so is bound by its type
// alone.
func unnamed(v *types.Var) bool { return v.Name() == "" || v.Name() == "_" }

// quotedName returns the name of a parameter for a message.
func quotedName(v *types.Var) string {
	if unnamed(v) {
		return "(unnamed)"
	}
	return fmt.Sprintf("%q", v.Name())
}

// nameFromType derives a name for an input that has none.
func nameFromType(t types.Type) string {
	switch t := t.(type) {
	case interface{ Obj() *types.TypeName }: // an alias or a named type
		return naming.LowerFirst(t.Obj().Name())
	case *types.Basic:
		return t.Name()
	case *types.Pointer:
		return nameFromType(t.Elem())
	case *types.Slice:
		return nameFromType(t.Elem()) + "List"
	case *types.Array:
		return nameFromType(t.Elem()) + "List"
	case *types.Map:
		return nameFromType(t.Elem()) + "Map"
	}
	return "value"
}

// ownOutput returns the index of the parameter of an undo function that is the
// action's own output; -1 if there is none.
func (r *parameterReader) ownOutput(f *function) int {
	output := r.model.Output
	if output == nil {
		return -1
	}
	var candidates, namesakes []int
	for i := range f.sig().Params().Len() {
		v := f.sig().Params().At(i)
		if !types.Identical(v.Type(), output) && !types.Identical(v.Type(), types.NewPointer(output)) {
			continue
		}
		candidates = append(candidates, i)
		if spelling.Alike(v.Name(), r.action.name) {
			namesakes = append(namesakes, i)
		}
	}
	switch {
	case len(namesakes) == 1:
		return namesakes[0]
	case len(candidates) == 0:
		return -1
	case len(candidates) > 1:
		v := f.sig().Params().At(candidates[1])
		r.mistake(diag.CodeUndoOutput, v,
			"%s has %d parameters that could be the output of %q, which has type %s; name the intended one %q",
			f.name(), len(candidates), r.action.name, r.TypeString(output), naming.IdentOf(r.action.name))
		return candidates[0]
	}
	v := f.sig().Params().At(candidates[0])
	for _, in := range r.model.Inputs {
		if spelling.Alike(in.Name, v.Name()) && types.Identical(in.Type, v.Type()) {
			r.mistake(diag.CodeUndoOutput, v,
				"parameter %q of %s is ambiguous: the output of %q and its input %q both have type %s; name it %q if it is the output; if it is the input, add a parameter %q for the output",
				v.Name(), f.name(), r.action.name, in.Name, r.TypeString(v.Type()),
				naming.IdentOf(r.action.name), naming.IdentOf(r.action.name))
		}
	}
	r.action.ownOutput = v
	return candidates[0]
}
