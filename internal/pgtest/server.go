//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// errFailed is returned if PostgreSQL is installed but doesn't start.
var errFailed = errors.New("start PostgreSQL")

// startTimeout is the maximum time until a server accepts connections,
// including its recovery after a crash, and until it has stopped.
const startTimeout = time.Minute

// Server is a PostgreSQL server in a temporary directory.
type Server struct {
	// URL is the connection string for the superuser.
	URL string

	dir, data  string
	programs   string // the directory of initdb and postgres
	credential *syscall.Credential
	signal     io.WriteCloser // standard input of the shell that runs the server
	exited     chan struct{}  // closed when the server has exited
}

// guardScript runs the server. It sends the server the signal that it reads
// from standard input. At the end of the input it sends QUIT, so that a killed
// test binary leaves no server behind.
const guardScript = `exec 3<&0
"$0" -D "$1" >>"$2/server.log" 2>&1 &
server=$!
(read -r signal <&3; kill -s "${signal:-QUIT}" $server) >/dev/null 2>&1 &
guard=$!
wait $server
kill $guard`

// NewServer starts a server. The settings are lines of postgresql.conf. The
// caller must call Close. NewServer is for TestMain and for benchmark programs.
// Tests call Start.
func NewServer(settings ...string) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs}
	if err := s.create(settings); err != nil {
		s.Close()
		return nil, fmt.Errorf("%w: %w", errFailed, err)
	}
	return s, nil
}

// findPrograms returns the directory of initdb and postgres. It looks in the
// PATH, and then for the newest version where Debian installs it.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// create creates the data directory and starts the server.
func (s *Server) create(settings []string) (err error) {
	// The name is short because a socket's path is limited to about 100 bytes.
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if s.credential, err = unprivileged(); err != nil {
			return err
		}
		if err := os.Chown(s.dir, int(s.credential.Uid), int(s.credential.Gid)); err != nil {
			return err
		}
	}
	s.data = filepath.Join(s.dir, "data")
	initdb := s.command(filepath.Join(s.programs, "initdb"),
		"-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The server has no password. Only users with access to the directory can
	// connect.
	settings = append([]string{
		"listen_addresses = ''", "unix_socket_directories = '" + s.dir + "'", "max_connections = 200",
	}, settings...)
	conf, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer conf.Close()
	if _, err := fmt.Fprintf(conf, "\n%s\n", strings.Join(settings, "\n")); err != nil {
		return err
	}
	s.URL = "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir)
	return s.Restart()
}

// unprivileged returns a user that can run a server: postgres, which Debian's
// package creates, or nobody.
func unprivileged() (*syscall.Credential, error) {
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	// An interrupt at the terminal doesn't reach a new session. The server
	// still runs while the interrupted tests end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Setsid: true}
	return cmd
}

// Restart starts a stopped server and waits until it accepts connections.
func (s *Server) Restart() error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		if !s.running() { // a start fails while processes of a killed server are left
			if err := s.start(); err != nil {
				return err
			}
		}
		err := s.ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
			return fmt.Errorf("%w; server log: %s", err, log)
		}
	}
}

// Stop sends the server a signal and waits until it has exited. QUIT and KILL
// simulate a crash. INT shuts the server down in an orderly way.
func (s *Server) Stop(signal string) error {
	if !s.running() {
		return nil
	}
	if _, err := fmt.Fprintln(s.signal, signal); err != nil {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(startTimeout):
		return fmt.Errorf("PostgreSQL still runs %v after signal %s", startTimeout, signal)
	}
}

func (s *Server) running() bool {
	if s.exited == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *Server) start() error {
	shell := s.command("/bin/sh", "-c", guardScript, filepath.Join(s.programs, "postgres"), s.data, s.dir)
	input, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	s.signal, s.exited = input, exited
	go func() {
		_ = shell.Wait() // the server's log has the reason, its exit status doesn't
		close(exited)
	}()
	return nil
}

func (s *Server) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Close stops the server and removes its directory.
func (s *Server) Close() {
	_ = s.Stop("QUIT")
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
