package store

// sharedDAGs holds the DAGs of sagas, each once, however many have it. Many have the same: all that a program makes of one declaration.
type sharedDAGs map[string]*sharedDAG

type sharedDAG struct {
	text  []byte
	sagas int // which have it
}

// share returns the text for another saga that has it.
func (d sharedDAGs) share(text []byte) []byte {
	shared := d[string(text)]
	if shared == nil {
		shared = &sharedDAG{text: append([]byte(nil), text...)}
		d[string(text)] = shared
	}
	shared.sagas++
	return shared.text
}

// drop forgets a saga that has it.
func (d sharedDAGs) drop(text []byte) {
	shared := d[string(text)]
	if shared.sagas--; shared.sagas == 0 {
		delete(d, string(text))
	}
}
