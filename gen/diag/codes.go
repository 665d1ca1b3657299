package diag

// Code identifies a kind of diagnostic, as in "SG012".
type Code string

// The codes of all diagnostics. A code keeps its meaning: new codes are added
// at the end, and the number of a removed code is not used again. codeSummaries
// describes each in one line.
const (
	// The text of a directive.

	CodeNearMiss         Code = "SG001"
	CodeUnknownDirective Code = "SG002"
	CodeQuoting          Code = "SG003"
	CodeTrailingRemark   Code = "SG004"
	CodeUnknownArgument  Code = "SG005"
	CodeRepeatedArgument Code = "SG006"
	CodeEmptyValue       Code = "SG007"
	CodeBadValue         Code = "SG008"
	CodeBadName          Code = "SG009"
	CodeMissingArgument  Code = "SG010"

	// The placement of directives.

	CodeWrongDeclaration Code = "SG011"
	CodeDetached         Code = "SG012"
	CodeTypeGroup        Code = "SG013"
	CodeTestFile         Code = "SG014"
	CodeSecondRole       Code = "SG015"
	CodeSecondDAG        Code = "SG016"
	CodeWithoutDAG       Code = "SG017"

	// The files.

	CodeUnreadableFile      Code = "SG018"
	CodeBrokenDeclaration   Code = "SG019"
	CodeOutputNotGenerated  Code = "SG020"
	CodeGeneratedNameClash  Code = "SG021"
	CodeGeneratedMethodName Code = "SG022"

	// The annotated functions.

	CodeGenericFunction       Code = "SG023"
	CodeVariadicFunction      Code = "SG024"
	CodeResults               Code = "SG025"
	CodeContextNotFirst       Code = "SG026"
	CodeRepeatedActionContext Code = "SG027"
	CodeRepeatedApplication   Code = "SG028"
	CodeApplicationPointer    Code = "SG029"
	CodeTwoApplications       Code = "SG030"
	CodeUnnamedInput          Code = "SG031"
	CodeAlikeInputs           Code = "SG032"
	CodeInputTypes            Code = "SG033"
	CodeUndoOutput            Code = "SG034"
	CodeNotJSON               Code = "SG035"

	// The actions.

	CodeDuplicateDo    Code = "SG036"
	CodeDuplicateUndo  Code = "SG037"
	CodeUndoWithoutDo  Code = "SG038"
	CodeMissingUndo    Code = "SG039"
	CodeNoundoWithUndo Code = "SG040"
	CodeAlikeActions   Code = "SG041"

	// The sagas and their nodes.

	CodeDuplicateSaga    Code = "SG042"
	CodeGenericParams    Code = "SG043"
	CodeAliasParams      Code = "SG044"
	CodeEmptyDAG         Code = "SG045"
	CodeDuplicateNode    Code = "SG046"
	CodeAlikeNodes       Code = "SG047"
	CodeUnknownAction    Code = "SG048"
	CodeUnknownNode      Code = "SG049"
	CodeUnknownSaga      Code = "SG050"
	CodeUnknownValue     Code = "SG051"
	CodeBadConstant      Code = "SG052"
	CodeNotPlaced        Code = "SG053"
	CodeNotAnAction      Code = "SG054"
	CodeCycle            Code = "SG055"
	CodeSeveralEnds      Code = "SG056"
	CodeSubsagaParams    Code = "SG057"
	CodeSagaInItself     Code = "SG058"
	CodeUnknownImport    Code = "SG059"
	CodeNotExported      Code = "SG060"
	CodeBrokenImport     Code = "SG061"
	CodeNoSource         Code = "SG062"
	CodeSeveralSources   Code = "SG063"
	CodeSourceType       Code = "SG064"
	CodeOutputOrAncestor Code = "SG065"

	// More codes about files.

	CodeMixedPackages Code = "SG066"
	CodeLeftOver      Code = "SG067"
)

var codeSummaries = map[Code]string{
	CodeNearMiss:         "a malformed directive",
	CodeUnknownDirective: "an unknown directive",
	CodeQuoting:          "a malformed quoted value",
	CodeTrailingRemark:   "a comment at the end of a directive",
	CodeUnknownArgument:  "an unknown argument",
	CodeRepeatedArgument: "a repeated argument",
	CodeEmptyValue:       "an argument without a value",
	CodeBadValue:         "an invalid value",
	CodeBadName:          "an invalid name",
	CodeMissingArgument:  "a missing argument",

	CodeWrongDeclaration: "a directive on the wrong kind of declaration",
	CodeDetached:         "a directive outside the doc comment of a declaration",
	CodeTypeGroup:        "a directive on a group of types",
	CodeTestFile:         "a directive in a test file",
	CodeSecondRole:       "a function that belongs to two actions",
	CodeSecondDAG:        "a parameter type of two sagas",
	CodeWithoutDAG:       "a node on a type without a dag directive",

	CodeUnreadableFile:      "a file that can't be parsed",
	CodeBrokenDeclaration:   "an annotated declaration that doesn't compile",
	CodeOutputNotGenerated:  "a hand-written file with the name of the generated file",
	CodeGeneratedNameClash:  "a conflict between generated names and other names",
	CodeGeneratedMethodName: "a node whose accessor conflicts with another method",

	CodeGenericFunction:       "an annotated function with type parameters",
	CodeVariadicFunction:      "an annotated function with a variadic parameter",
	CodeResults:               "invalid results of a do or undo function",
	CodeContextNotFirst:       "a context.Context that is not the first parameter",
	CodeRepeatedActionContext: "a repeated saga.ActionContext parameter",
	CodeRepeatedApplication:   "a repeated application context",
	CodeApplicationPointer:    "a mismatch between value and pointer for the application context",
	CodeTwoApplications:       "two application context types in one package",
	CodeUnnamedInput:          "an unnamed input that its type doesn't determine",
	CodeAlikeInputs:           "two parameters that bind to the same input",
	CodeInputTypes:            "an input with different types in do and undo",
	CodeUndoOutput:            "an undo function with an ambiguous output parameter",
	CodeNotJSON:               "a type that can't be stored as JSON",

	CodeDuplicateDo:    "two do functions for one action",
	CodeDuplicateUndo:  "two undo functions for one action",
	CodeUndoWithoutDo:  "an undo function without a do function",
	CodeMissingUndo:    "an action with neither an undo function nor noundo",
	CodeNoundoWithUndo: "an action with both noundo and an undo function",
	CodeAlikeActions:   "two actions with conflicting names",

	CodeDuplicateSaga:    "two sagas with the same name",
	CodeGenericParams:    "a saga on a generic type",
	CodeAliasParams:      "a saga on an alias",
	CodeEmptyDAG:         "a saga without nodes",
	CodeDuplicateNode:    "a node that is placed or defined twice",
	CodeAlikeNodes:       "two nodes with conflicting names",
	CodeUnknownAction:    "a node with an unknown action",
	CodeUnknownNode:      "a reference to an unknown node",
	CodeUnknownSaga:      "a subsaga that runs an unknown saga",
	CodeUnknownValue:     "a constant with an undefined value",
	CodeBadConstant:      "a constant whose value is not a const, var or func() T",
	CodeNotPlaced:        "a constant or subsaga that is defined but not placed",
	CodeNotAnAction:      "an action on a constant or subsaga node",
	CodeCycle:            "a cycle of nodes",
	CodeSeveralEnds:      "a saga with several last nodes",
	CodeSubsagaParams:    "a subsaga whose parameters no ancestor provides",
	CodeSagaInItself:     "a saga that contains itself",
	CodeUnknownImport:    "a package that the file doesn't import",
	CodeNotExported:      "an unexported name of another package",
	CodeBrokenImport:     "an action or saga of an imported package with errors",
	CodeNoSource:         "an input that no node or parameter provides",
	CodeSeveralSources:   "an input that several ancestors provide",
	CodeSourceType:       "an input with another type than the node of the same name",
	CodeOutputOrAncestor: "an undo parameter that could be the action's own output or another value",

	CodeMixedPackages: "a file whose package differs from the rest of its directory",
	CodeLeftOver:      "an obsolete generated file",
}

// Summary describes the kind of mistake in one line. It is empty for an unknown
// code.
func (c Code) Summary() string { return codeSummaries[c] }
