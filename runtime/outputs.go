package saga

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Outputs holds the outputs of the nodes of a succeeded saga. It is immutable
// and safe for concurrent use.
type Outputs struct {
	dag    *DAG
	values []json.RawMessage
}

// Saga returns the output of the saga as JSON, which is that of its last node.
func (o Outputs) Saga() json.RawMessage { return o.values[o.dag.Output()] }

// Raw returns the output of a node as JSON. The path is resolved as by
// DAG.Find. The error wraps ErrNodeNotFound if the saga has no such node. The
// output may contain secrets; see Redact.
func (o Outputs) Raw(path NodePath) (json.RawMessage, error) {
	id, err := o.dag.Find(path)
	if err != nil {
		return nil, err
	}
	return o.values[id], nil
}

// Decode decodes outputs into the struct that dst points to. All fields must be
// exported and tagged with the path of a node, as in `saga:"hotel"`.
func (o Outputs) Decode(dst any) error {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer || reflect.ValueOf(dst).IsNil() {
		return fmt.Errorf("outputs of saga %q: %T is not a pointer to a struct", o.dag.name, dst)
	}
	fields, err := taggedFields(t.Elem())
	if err == nil {
		get := func(name string) (json.RawMessage, error) { return o.Raw(NodePath(name)) }
		err = decodeTagged(dst, fields, get)
	}
	if err != nil {
		return fmt.Errorf("outputs of saga %q: %w", o.dag.name, err)
	}
	return nil
}

// OutputOf returns the output of one node, decoded as T. The error wraps
// ErrNodeNotFound if the saga has no such node; otherwise the output can't be
// decoded.
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
