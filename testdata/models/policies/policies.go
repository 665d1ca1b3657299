// Package policies has no saga, only actions.
package policies

//saga:do pack label="Pack \"it\"" timeout=1m30s attempts=1 backoff=250ms limit=3
func pack() error { return nil }

//saga:undo pack timeout="1h" attempts=13 limit="1"
func unpack() error { return nil }

//saga:do Pack-Item_2 noundo
func packItem() error { return nil }
