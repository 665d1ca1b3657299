//go:build !unix

package pgtest

import "errors"

var errFailed = errors.New("starting PostgreSQL")

// Server is a PostgreSQL server in a temporary folder. There is none on this system.
type Server struct{ URL string }

// NewServer returns an error.
func NewServer(...string) (*Server, error) {
	return nil, errors.New("starting a PostgreSQL server takes a Unix system")
}

// Restart does nothing.
func (s *Server) Restart() error { return nil }

// Stop does nothing.
func (s *Server) Stop(string) error { return nil }

// Close does nothing.
func (s *Server) Close() {}
