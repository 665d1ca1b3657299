package saga

// The mistakes that Build reports, for tests.
var (
	ErrBadName       = errBadName
	ErrBadNode       = errBadNode
	ErrBadOutput     = errBadOutput
	ErrDuplicateName = errDuplicateName
	ErrEmptyStage    = errEmptyStage
)

// The defaults and limits of a Policy, for tests.
const (
	DefaultBackoff = defaultBackoff
	MaxBackoff     = maxBackoff
)
