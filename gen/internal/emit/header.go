package emit

import "github.com/dave/jennifer/jen"

// importDecl imports what the blocks use: the standard library, then the rest.
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

// handshake makes the file and a runtime that don't fit each other fail to compile.
func (e *emitter) handshake() *jen.Statement {
	return doc(`When this line doesn't compile, this file and the runtime are of different times:
run go get github.com/sagagen/sagagen@latest, then go generate.`).
		Const().Id("_").Op("=").Add(e.saga("SupportsGeneratedCodeVersion1"))
}
