package misplaced_edges

// Order asks for parcels.
//
//saga:dag order
//saga:node pack
//saga:node first=weigh after=pack
//saga:node second=weigh after=pack
//saga:node label after=pack
//saga:node stamp
//saga:append ship
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:constant limit value=limit
//saga:node pack=ship after=limit
type Return struct{ Item string }

const limit = 3

//saga:do pack noundo
func pack(order Order) (string, error) { return order.Item, nil }

//saga:do weigh noundo
func weigh(pack string) (int, error) { return len(pack), nil }

//saga:do label noundo
func label(first int) (string, error) { return "", nil }

//saga:do stamp noundo
func stamp(grams int) (string, error) { return "", nil }

//saga:do ship noundo
func ship() error { return nil }
