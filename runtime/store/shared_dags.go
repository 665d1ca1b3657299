package store

// sharedDAGs holds the DAGs of sagas, each once, however many have it. Many have the same: all that a program makes of one declaration.
type sharedDAGs map[string]*sharedDAG

type sharedDAG struct {
	text  string
	sagas int // which have it
}

// share returns a DAG for another saga that has it.
func (d sharedDAGs) share(text []byte) *sharedDAG {
	shared := d[string(text)]
	if shared == nil {
		shared = &sharedDAG{text: string(text)}
		d[shared.text] = shared
	}
	shared.sagas++
	return shared
}

// drop forgets a saga that has it.
func (d sharedDAGs) drop(shared *sharedDAG) {
	if shared.sagas--; shared.sagas == 0 {
		delete(d, shared.text)
	}
}
