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

	// Where a directive stands.

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

	// The files again.

	CodeMixedPackages Code = "SG066"
	CodeLeftOver      Code = "SG067"
)

var codeSummaries = map[Code]string{
	CodeNearMiss:         "a comment that is almost a directive",
	CodeUnknownDirective: "a directive that doesn't exist",
	CodeQuoting:          "a quoted value that doesn't end, or text right behind it",
	CodeTrailingRemark:   "a remark behind a directive",
	CodeUnknownArgument:  "an argument that the directive doesn't take",
	CodeRepeatedArgument: "an argument that is given twice",
	CodeEmptyValue:       "an argument without a value",
	CodeBadValue:         "a value that isn't of the argument's form",
	CodeBadName:          "a name that isn't of the form of names",
	CodeMissingArgument:  "an argument that the directive needs and doesn't have",

	CodeWrongDeclaration: "a directive on a declaration that it can't describe",
	CodeDetached:         "a directive that is in no declaration's doc comment",
	CodeTypeGroup:        "a directive on a group of types",
	CodeTestFile:         "a directive in a test file",
	CodeSecondRole:       "a function that is the do or undo of two actions",
	CodeSecondDAG:        "a type that is the parameters of two sagas",
	CodeWithoutDAG:       "a node on a type that is no saga's parameters",

	CodeUnreadableFile:      "a file that can't be parsed",
	CodeBrokenDeclaration:   "an annotated declaration that doesn't compile",
	CodeOutputNotGenerated:  "a hand-written file that has the generated file's name",
	CodeGeneratedNameClash:  "a declaration that has the name of a generated one",
	CodeGeneratedMethodName: "a node whose accessor has the name of another method",

	CodeGenericFunction:       "an annotated function with type parameters",
	CodeVariadicFunction:      "an annotated function with a variadic parameter",
	CodeResults:               "results other than a do or an undo has",
	CodeContextNotFirst:       "a context.Context that isn't the first parameter",
	CodeRepeatedActionContext: "two parameters of type saga.ActionContext",
	CodeRepeatedApplication:   "the application context given twice",
	CodeApplicationPointer:    "the application context as a value where it is a pointer, or the other way round",
	CodeTwoApplications:       "two types of application context in a package",
	CodeUnnamedInput:          "an input without a name where the type doesn't say what is meant",
	CodeAlikeInputs:           "two inputs of a function with names that are alike",
	CodeInputTypes:            "one input with different types in do and undo",
	CodeUndoOutput:            "an undo where it isn't clear which parameter is the output",
	CodeNotJSON:               "a type that JSON doesn't keep",

	CodeDuplicateDo:    "two do functions of one action",
	CodeDuplicateUndo:  "two undo functions of one action",
	CodeUndoWithoutDo:  "an undo function of an action that has no do",
	CodeMissingUndo:    "an action that has neither an undo nor noundo",
	CodeNoundoWithUndo: "an action that says noundo and has an undo",
	CodeAlikeActions:   "two actions with names that are alike",

	CodeDuplicateSaga:    "two sagas of one name",
	CodeGenericParams:    "a saga on a generic type",
	CodeAliasParams:      "a saga on an alias",
	CodeEmptyDAG:         "a saga without nodes",
	CodeDuplicateNode:    "a node that is placed or defined twice",
	CodeAlikeNodes:       "two nodes with names that are alike",
	CodeUnknownAction:    "a node whose action doesn't exist",
	CodeUnknownNode:      "a reference to a node that doesn't exist",
	CodeUnknownSaga:      "a subsaga of a saga that doesn't exist",
	CodeUnknownValue:     "a constant whose value isn't declared",
	CodeBadConstant:      "a constant whose value is no constant, variable or func() T",
	CodeNotPlaced:        "a constant or a subsaga that no append or node places",
	CodeNotAnAction:      "an action given to a node that is a constant or a subsaga",
	CodeCycle:            "nodes that run after each other",
	CodeSeveralEnds:      "a saga that ends in several nodes",
	CodeSubsagaParams:    "a subsaga whose parameters don't come from an ancestor of their type",
	CodeSagaInItself:     "a saga that contains itself",
	CodeUnknownImport:    "a package name that the file doesn't import",
	CodeNotExported:      "something of an imported package that isn't exported",
	CodeBrokenImport:     "an action or saga of an imported package that has mistakes there",
	CodeNoSource:         "an input that nothing gives",
	CodeSeveralSources:   "an input that several ancestors give",
	CodeSourceType:       "an input whose namesake has another type",
	CodeOutputOrAncestor: "a parameter of an undo that could be its output or an ancestor's",

	CodeMixedPackages: "a file of another package than the rest of its folder",
	CodeLeftOver:      "a generated file that is generated no more",
}

// Summary describes the kind of mistake in one line. It is empty for an unknown
// code.
func (c Code) Summary() string { return codeSummaries[c] }
