package saga

// SupportsGeneratedCodeVersion1 exists as long as this package fits code that was generated
// in version 1 of its form. Generated code names it, so that it doesn't compile with a runtime that is
// too old or too new for it.
const SupportsGeneratedCodeVersion1 = true
