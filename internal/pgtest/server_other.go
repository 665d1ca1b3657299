//go:build !unix

package pgtest

import "errors"

var errFailed = errors.New("start PostgreSQL")

// Server is a PostgreSQL server. This system doesn't support it.
type Server struct{ URL string }

// NewServer returns an error.
func NewServer(...string) (*Server, error) {
	return nil, errors.New("pgtest starts PostgreSQL only on Unix systems")
}

// Restart does nothing.
func (s *Server) Restart() error { return nil }

// Stop does nothing.
func (s *Server) Stop(string) error { return nil }

// Close does nothing.
func (s *Server) Close() {}
