package saga

import "log/slog"

// What these hold is not for logs: a handler would encode all of it, the values of Secrets included.

// LogValue implements slog.LogValuer with the saga's ID, name and state.
func (s *Status) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", s.ID.String()), slog.String("name", string(s.Name)), slog.String("state", s.State.String()))
}

// LogValue implements slog.LogValuer with the saga's ID and the number of events.
func (l *Log) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", l.ID.String()), slog.Int("events", len(l.Events)))
}

// LogValue implements slog.LogValuer with the saga's name.
func (d *SagaDAG) LogValue() slog.Value { return slog.GroupValue(slog.String("name", string(d.name))) }

// LogValue implements slog.LogValuer with the event's number, node and kind.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.Uint64("seq", e.Seq), slog.Int("node", int(e.Node)), slog.String("kind", e.Kind.String()))
}
