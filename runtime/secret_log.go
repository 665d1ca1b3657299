package saga

import "log/slog"

// These LogValue methods keep the contents out of logs. Without them, a handler
// would encode everything, including the values of secrets.

// LogValue implements slog.LogValuer. It returns the ID, the name and the state
// of the saga.
func (s *Status) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", s.ID.String()),
		slog.String("name", string(s.Name)),
		slog.String("state", s.State.String()),
	)
}

// LogValue implements slog.LogValuer. It returns the ID of the saga and the
// number of events.
func (l *Log) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", l.ID.String()), slog.Int("events", len(l.Events)))
}

// LogValue implements slog.LogValuer. It returns the name of the saga.
func (d *SagaDAG) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", string(d.name)))
}
