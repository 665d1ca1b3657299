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

// errFailed is returned when there are PostgreSQL's programs, and they don't work.
var errFailed = errors.New("starting PostgreSQL")

// startTimeout is how long a server may take to accept connections, or to end. It recovers after a crash first.
const startTimeout = time.Minute

// Server is a PostgreSQL server in a temporary folder.
type Server struct {
	// URL is its connection string, for the superuser.
	URL string

	folder, data string
	programs     string // the folder of initdb and postgres
	credential   *syscall.Credential
	signal       io.WriteCloser // the input of the shell that runs the server
	ended        chan struct{}  // closed when the server has ended
}

// guardScript runs the server until a line with a signal comes in, or the input ends: a test binary that is killed leaves no server behind.
const guardScript = `exec 3<&0
"$0" -D "$1" >>"$2/server.log" 2>&1 &
server=$!
(read -r signal <&3; kill -s "${signal:-QUIT}" $server) >/dev/null 2>&1 &
guard=$!
wait $server
kill $guard`

// NewServer starts a server, with these lines of postgresql.conf. It is for TestMain and for programs that measure; a test calls Start.
// Close stops it.
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

// findPrograms returns the folder of initdb and postgres: of the PATH, or Debian's of the newest version.
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
		return "", errors.New("no PostgreSQL server")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// create makes the data folder and starts the server on it.
func (s *Server) create(settings []string) (err error) {
	// Short, as the name of a socket may have some 100 bytes only.
	if s.folder, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if s.credential, err = unprivileged(); err != nil {
			return err
		}
		if err := os.Chown(s.folder, int(s.credential.Uid), int(s.credential.Gid)); err != nil {
			return err
		}
	}
	s.data = filepath.Join(s.folder, "data")
	initdb := s.command(filepath.Join(s.programs, "initdb"), "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	// Whoever may enter the folder may connect.
	settings = append([]string{"listen_addresses = ''", "unix_socket_directories = '" + s.folder + "'", "max_connections = 200"}, settings...)
	conf, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer conf.Close()
	if _, err := fmt.Fprintf(conf, "\n%s\n", strings.Join(settings, "\n")); err != nil {
		return err
	}
	s.URL = "postgres://postgres@/postgres?host=" + url.QueryEscape(s.folder)
	return s.Restart()
}

// unprivileged returns a user who may run a server: postgres, who owns Debian's, or nobody.
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
	cmd.Dir = s.folder
	// A session of its own, so that an interrupt at the terminal ends the tests first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Setsid: true}
	return cmd
}

// Restart starts the server again, which has been stopped, and waits until it accepts connections.
func (s *Server) Restart() error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		if !s.running() { // or not any more: processes of one that was killed may be in the way yet
			if err := s.start(); err != nil {
				return err
			}
		}
		err := s.ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.folder, "server.log"))
			return fmt.Errorf("%w; its log: %s", err, log)
		}
	}
}

// Stop stops the server and waits for its end: with QUIT and KILL as in a crash, with INT in an orderly way.
func (s *Server) Stop(signal string) error {
	if !s.running() {
		return nil
	}
	if _, err := fmt.Fprintln(s.signal, signal); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(startTimeout):
		return fmt.Errorf("PostgreSQL doesn't end after signal %s", signal)
	}
}

func (s *Server) running() bool {
	if s.ended == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

func (s *Server) start() error {
	shell := s.command("/bin/sh", "-c", guardScript, filepath.Join(s.programs, "postgres"), s.data, s.folder)
	input, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.signal, s.ended = input, ended
	go func() {
		_ = shell.Wait() // the server's log says more than its exit status
		close(ended)
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

// Close stops the server and removes its folder.
func (s *Server) Close() {
	_ = s.Stop("QUIT")
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}
