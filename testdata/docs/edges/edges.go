// Package edges has the example of docs/directives.md for edges between nodes.
package edges

// Publish asks for a film to be published.
//
//saga:dag publish
//saga:node upload
//saga:node subtitles
//saga:node encode after=upload
//saga:node check after=upload,subtitles
//saga:append announce
type Publish struct{ Film string }

//saga:do upload noundo
func upload(film Publish) (int, error) { return len(film.Film), nil }

//saga:do subtitles noundo
func subtitles(film Publish) ([]string, error) { return []string{film.Film}, nil }

//saga:do encode noundo
func encode(upload int) (string, error) { return "mp4", nil }

//saga:do check noundo
func check(upload int, subtitles []string) error { return nil }

//saga:do announce noundo
func announce(encode string) error { return nil }
