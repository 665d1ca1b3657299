package saga

// SupportsGeneratedCodeVersion1 exists as long as this package supports code
// that was generated for version 1 of the interface. Generated code refers to
// it, so code doesn't compile with a runtime that is too old or too new for it.
const SupportsGeneratedCodeVersion1 = true
