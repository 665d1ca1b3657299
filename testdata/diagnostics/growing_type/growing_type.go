package growing_type

// Tree doesn't compile: Tree[T] contains Tree[[]T], and so on without end.
type Tree[T any] struct {
	Value T
	Inner *Tree[[]T]
}

// Order asks for a tree.
//
//saga:dag order
//saga:append plant
type Order struct{ Height int }

//saga:do plant noundo
func plant(order Order) (Tree[string], error) { return Tree[string]{}, nil }
