package diag

// Code identifies a kind of diagnostic, as in "SG012".
type Code string

// The codes of all diagnostics. A code keeps its meaning: new codes are added
// at the end, and the number of a removed code is not used again. Each code has
// a page in the folder explanations.
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
