package saga

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Outputs holds the outputs of the nodes of a saga that has succeeded.
type Outputs struct {
	dag    *DAG
	values []json.RawMessage
}

// NewOutputs returns the outputs of a saga, given by NodeID. Coordinators call it.
func NewOutputs(dag *DAG, values []json.RawMessage) Outputs { return Outputs{dag: dag, values: values} }

// Saga returns the output of the whole saga: that of its last node.
func (o Outputs) Saga() json.RawMessage { return o.values[o.dag.Output()] }

// Raw returns the output of a node as JSON. The error wraps ErrNodeNotFound if the saga has no such node.
func (o Outputs) Raw(path NodePath) (json.RawMessage, error) {
	id, err := o.dag.Find(path)
	if err != nil {
		return nil, err
	}
	return o.values[id], nil
}

// Decode sets the fields of the struct that dst points to. Each field is exported and
// tagged with the path of the node whose output it gets, as in `saga:"hotel"`.
func (o Outputs) Decode(dst any) error {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer || reflect.ValueOf(dst).IsNil() {
		return fmt.Errorf("outputs of saga %q: %T is not a pointer to a struct", o.dag.name, dst)
	}
	fields, err := taggedFields(t.Elem())
	if err == nil {
		err = decodeTagged(dst, fields, func(name string) (json.RawMessage, error) { return o.Raw(NodePath(name)) })
	}
	if err != nil {
		return fmt.Errorf("outputs of saga %q: %w", o.dag.name, err)
	}
	return nil
}

// OutputOf returns the output of one node. The error wraps ErrNodeNotFound if the saga has no
// such node; it's another if the output is not a T.
func OutputOf[T any](o Outputs, path NodePath) (T, error) {
	var value T
	raw, err := o.Raw(path)
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("output of node %q: %w", path, err)
	}
	return value, nil
}
