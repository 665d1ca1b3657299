package jsonshape

//lint:file-ignore U1000,SA5008 these types are looked up by their names, and some tags are wrong on purpose

import (
	"encoding/json"
	"log/slog"
	"math/big"
	"time"
)

// shape_test.go uses the types below twice: as source for Of, and compiled for
// encoding/json.

type shapeInner struct {
	Deep   int
	Shared string
	Twice  int `json:"twice"`
}

type ShapeOther struct {
	Shared string
	Twice  int `json:"Twice2,omitempty"`
	Far    bool
}

type ShapeTagged struct {
	Shared string `json:"Shared"`
}

type ShapeLoop struct {
	*ShapeLoop
	Name string
}

type shapeFlattened struct {
	shapeInner
	ShapeOther
	Own    string `json:"own"`
	Shared int
	Far    []byte
	Hidden int `json:"-"`
	Dash   int `json:"-,"`
	Bad    int `json:"quote\""`
	secret int
}

type shapeTaggedWins struct {
	shapeInner
	ShapeTagged
}

type shapeNamedEmbedded struct {
	ShapeOther `json:"other"`
	*ShapeTagged
	ShapeKind
}

type ShapeKind int

type shapeOptions struct {
	Quoted   int      `json:",string"`
	Float    *float64 `json:"float,omitzero,string"`
	Unquoted []int    `json:",string"`
	At       time.Time
	Every    time.Duration
	Big      *big.Int
	Raw      json.RawMessage
	Number   json.Number
	Any      any
	ByName   map[string]ShapeKind
	ByNumber map[int8][2]bool
	Runes    []rune
	Bytes    []uint8
	Array    [4]byte
}

// shapeOak has the structure of shapeTree, with two types for alternate levels.
type shapeOak struct {
	Kind  int64
	Left  *shapeBranch
	Right *shapeBranch
}

type shapeBranch struct {
	Kind  int64
	Left  *shapeOak
	Right *shapeOak
	Leaf  string `json:",omitempty"`
}

type (
	shapeForest map[string][]shapeForest
	shapeTree2  = shapeTree
)

type shapeTree struct {
	Left, Right *shapeTree
	Kind        ShapeKind
}

type shapeEncoded struct{ secret int }

func (e shapeEncoded) MarshalText() ([]byte, error) { return []byte("text"), nil }
func (e *shapeEncoded) UnmarshalText([]byte) error  { return nil }

type shapeKeyed map[shapeEncoded]string

type (
	shapeLost      struct{ secret int }
	shapeHalf      struct{ Name string }
	shapeByPointer struct{ Name string }
	shapeChannel   struct{ Done []chan int }
	shapeFunc      struct{ Owner struct{ Call func() } }
	shapeReader    struct {
		Source interface{ Read([]byte) (int, error) }
	}
	shapeComplex complex128
	shapeBadKey  map[bool]int
	shapeUnset   struct{ *shapeInner }
	shapeCancels struct {
		shapeInner
		ShapeOther
	}
	shapePromotes struct {
		time.Time
		Guests int
	}
	shapeTextKey  map[shapeText]int
	shapeText     string
	shapeBigValue struct{ Big big.Int }
	shapeHalfKey  map[shapeLevel]int
	shapeLevel    int
	shapeReads    struct{ Grade shapeGrade }
	shapeGrade    int
	shapeQuoted   struct {
		Level slog.Level `json:"level,string"`
	}
	shapePromotesMore struct {
		time.Time
		shapeInner
	}
)

func (shapeLevel) MarshalText() ([]byte, error) { return nil, nil }
func (*shapeGrade) UnmarshalText([]byte) error  { return nil }

// ShapeStamp has no field besides the one that encodes it, so none is dropped.
type ShapeStamp struct{ time.Time }

func (shapeText) MarshalText() ([]byte, error) { return nil, nil }
func (*shapeText) UnmarshalText([]byte) error  { return nil }

func (shapeHalf) MarshalJSON() ([]byte, error) { return nil, nil }

func (*shapeByPointer) MarshalJSON() ([]byte, error) { return nil, nil }
func (*shapeByPointer) UnmarshalJSON([]byte) error   { return nil }

type shapeBehindPointer struct{ Slice []shapeByPointer }
