// Package emit renders the generated file of a package from its model.
package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/outline"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// File returns the formatted content of the generated file of a package. It
// depends on nothing but p.
func File(p *model.Package) ([]byte, error) {
	e, err := newEmitter(p)
	if err != nil {
		return nil, fmt.Errorf("package %q: %w", p.Path, err)
	}
	e.add(e.handshake())
	e.add(e.assertions()...)
	if len(p.Actions) > 0 {
		e.add(e.actionConstants(), e.newRegistry(), e.registerActions())
	}
	for _, a := range p.Actions {
		if len(a.Inputs) > 0 {
			e.add(e.inputs(a))
		}
		e.add(e.action(a))
	}
	for _, s := range p.Sagas {
		e.add(e.dag(s), e.build(s), e.start(s), e.find(s), e.run(s), e.result(s), e.decoder(s))
		e.add(e.accessors(s)...)
	}
	if len(e.shapes.Constants) > 0 {
		e.add(e.shapeConstants())
	}
	return e.render()
}

// emitter has the state of one file.
type emitter struct {
	pkg     *model.Package
	imports *imports
	shapes  *outline.Shapes
	app     string // the name of parameters for the application context
	blocks  []*jen.Statement
}

func newEmitter(p *model.Package) (*emitter, error) {
	shapes, err := outline.NewShapes(p)
	if err != nil {
		return nil, err
	}
	imports := newImports(p)
	return &emitter{pkg: p, imports: imports, shapes: shapes, app: appName(p, imports)}, nil
}

func (e *emitter) add(blocks ...*jen.Statement) { e.blocks = append(e.blocks, blocks...) }

// render returns the header, the imports that the blocks use, and the blocks.
// Formatting parses the result, so it is valid syntax.
func (e *emitter) render() ([]byte, error) {
	file := jen.NewFile(e.pkg.Name)
	file.HeaderComment(model.Header)
	file.Add(e.importDecl())
	for _, block := range e.blocks {
		file.Line()
		file.Add(block)
	}
	var out bytes.Buffer
	if err := file.Render(&out); err != nil {
		return nil, fmt.Errorf("package %q: generated file: %w", e.pkg.Path, err)
	}
	// A one-line body after a result list of several lines needs a second pass.
	content, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("package %q: generated file: %w", e.pkg.Path, err)
	}
	return content, nil
}

// typ returns the text of a type.
func (e *emitter) typ(t types.Type) *jen.Statement {
	return jen.Id(types.TypeString(t, e.imports.qualify))
}

// saga returns a name of the runtime.
func (e *emitter) saga(name string) *jen.Statement {
	return jen.Id(e.imports.name(typeutil.RuntimePath)).Dot(name)
}

// qualified returns a name of the package with an import path, which is empty
// for the package being generated.
func (e *emitter) qualified(path, name string) *jen.Statement {
	if path == "" || path == e.pkg.Types.Path() {
		return jen.Id(name)
	}
	return jen.Id(e.imports.name(path)).Dot(name)
}

// outputType returns the output type of an action or a saga; saga.None without
// output.
func (e *emitter) outputType(t types.Type) *jen.Statement {
	if t == nil {
		return e.saga("None")
	}
	return e.typ(t)
}
