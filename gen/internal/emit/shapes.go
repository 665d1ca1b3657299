package emit

import (
	"go/types"
	"strconv"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/jsonshape"
)

// shapeConstants declares the shapes of the named types.
func (e *emitter) shapeConstants() *jen.Statement {
	var lines []jen.Code
	for _, c := range e.shapes.Constants {
		lines = append(lines, jen.Id(c.Name).Op("=").Add(rawString(c.Text)))
	}
	return doc(`The shapes of the data in the logs of these sagas, as JSON. If they change, a
saga in flight is resumed only if the data in its log still fits.`).
		Const().Add(declarations(lines...))
}

// shape returns the shape of a type that has one, as newEmitter has checked.
func (e *emitter) shape(t types.Type) *jen.Statement {
	if c := e.shapes.Constant(types.Unalias(t)); c != nil {
		return jen.Id(c.Name)
	}
	text, err := jsonshape.Of(t)
	if err != nil {
		panic(err)
	}
	return rawString(text)
}

// rawString returns a string literal: in backquotes if the text allows it and
// has no characters that don't print.
func rawString(s string) *jen.Statement {
	quoted := strconv.Quote(s)
	if len(quoted) == len(s)+2 || !strconv.CanBackquote(s) || hidden(s) {
		return jen.Id(quoted)
	}
	return jen.Id("`" + s + "`")
}

// hidden reports whether s has characters that don't print.
func hidden(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return true
		}
	}
	return false
}
