// Package saga has the name under which generated code imports the runtime.
package saga

// Tale is a story.
type Tale struct{ Title string }
