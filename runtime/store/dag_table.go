package store

// dagTable holds each distinct DAG of a Memory once, with a reference count.
// All sagas that a program creates from one declaration have equal DAGs.
type dagTable map[string]*internedDAG

type internedDAG struct {
	text  string
	sagas int // number of sagas that have this DAG
}

// intern returns the entry for a DAG and counts one more saga for it.
func (t dagTable) intern(text []byte) *internedDAG {
	dag := t[string(text)]
	if dag == nil {
		dag = &internedDAG{text: string(text)}
		t[dag.text] = dag
	}
	dag.sagas++
	return dag
}

// unref counts one saga less for a DAG. It removes the entry after the last
// one.
func (t dagTable) unref(dag *internedDAG) {
	if dag.sagas--; dag.sagas == 0 {
		delete(t, dag.text)
	}
}
