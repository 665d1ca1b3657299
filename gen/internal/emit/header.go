package emit

import "github.com/dave/jennifer/jen"

// importDecl imports the packages that the blocks use: the standard library,
// then the others.
func (e *emitter) importDecl() *jen.Statement {
	std, rest := e.imports.specs()
	var items []jen.Code
	for i, spec := range append(std, rest...) {
		line := jen.Null()
		if i > 0 && i == len(std) {
			line.Line()
		}
		if spec.name != "" {
			line.Id(spec.name)
		}
		items = append(items, line.Lit(spec.path))
	}
	return jen.Id("import").Add(declarations(items...))
}

// handshake makes the file fail to compile with a runtime that doesn't support
// it.
func (e *emitter) handshake() *jen.Statement {
	return doc(`If this line doesn't compile, the runtime doesn't support this file. Run:

	go get github.com/sagagen/sagagen@latest
	go generate`).
		Const().Id("_").Op("=").Add(e.saga("SupportsGeneratedCodeVersion1"))
}
