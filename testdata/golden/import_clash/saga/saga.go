// Package saga has the name that generated code gives to the runtime.
package saga

// Tale is a story.
type Tale struct{ Title string }
