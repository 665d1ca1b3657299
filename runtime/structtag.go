package saga

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// taggedField is a struct field with a tag such as `saga:"trip"`.
type taggedField struct {
	name  string
	index int
}

// taggedFields returns the fields of a struct type. All of them must be
// exported and tagged.
func taggedFields(t reflect.Type) ([]taggedField, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	var fields []taggedField
	seen := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("saga")
		switch {
		case !ok || name == "":
			return nil, fmt.Errorf("field %s.%s has no tag `saga:\"…\"`", t, f.Name)
		case !f.IsExported():
			return nil, fmt.Errorf("field %s.%s is not exported", t, f.Name)
		case seen[name]:
			return nil, fmt.Errorf("two fields of %s are tagged %q", t, name)
		}
		seen[name] = true
		fields = append(fields, taggedField{name: name, index: i})
	}
	return fields, nil
}

// decodeTagged decodes the fields of the struct that dst points to. An error
// begins with the quoted name of its field.
func decodeTagged(dst any, fields []taggedField, get func(name string) (json.RawMessage, error)) error {
	if len(fields) == 0 {
		return nil
	}
	v := reflect.ValueOf(dst).Elem()
	for _, f := range fields {
		raw, err := get(f.name)
		if err != nil {
			return fmt.Errorf("%q: %w", f.name, err)
		}
		if err := json.Unmarshal(raw, v.Field(f.index).Addr().Interface()); err != nil {
			return fmt.Errorf("%q: %w", f.name, err)
		}
	}
	return nil
}
