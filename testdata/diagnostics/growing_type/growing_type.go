package growing_type

// Tree is one that the compiler refuses: a tree of strings has trees of slices of strings, and so on.
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
