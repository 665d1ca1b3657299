//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/order"
	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
)

// binary is the path of the built program.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "orders")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "orders")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	code := pgtest.Run(m)
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a process of the program.
type process struct {
	cmd *exec.Cmd
	url string
	// stderr must not be read before the process has exited.
	stderr bytes.Buffer
}

var greetingPattern = regexp.MustCompile(`^listening on (http://\S+),`)

// start starts the program and waits until it listens. The test kills it in its
// cleanup.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, append([]string{"-listen", "127.0.0.1:0"}, args...)...)}
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "DATABASE_URL=")
	})
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		_ = p.cmd.Wait() // fails if the test waited for it already
		if t.Failed() {
			t.Logf("process %d: %s", p.cmd.Process.Pid, tail(p.stderr.Bytes(), 20))
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		require.NoError(t, err, "%s", p.stderr.String())
	}
	match := greetingPattern.FindStringSubmatch(line)
	require.NotNil(t, match, "%s", line)
	p.url = match[1]
	return p
}

func tail(text []byte, lines int) []byte {
	all := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], nil)
}

// signal sends a signal. It does nothing if the process has exited.
func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// kill kills the process and waits until it has exited.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

// waitExit waits until the process exits, and asserts that its status is 0.
func (p *process) waitExit(t *testing.T) {
	t.Helper()
	assert.NoError(t, p.cmd.Wait())
}

// fleet is the set of processes that serve requests.
type fleet struct {
	mu        sync.Mutex
	processes []*process
	next      int
}

func (f *fleet) add(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes = append(f.processes, p)
}

func (f *fleet) remove(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes = slices.DeleteFunc(f.processes, func(other *process) bool { return other == p })
}

// stop sends SIGTERM to all processes and waits until they have exited.
func (f *fleet) stop(t *testing.T) {
	t.Helper()
	for _, p := range f.processes {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range f.processes {
		p.waitExit(t)
	}
}

// pick returns the processes in turn, or nil if there are none.
func (f *fleet) pick() *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.processes) == 0 {
		return nil
	}
	f.next++
	return f.processes[f.next%len(f.processes)]
}

// client has a short timeout, for processes that are paused. It keeps no idle
// connections, because a process that stops would wait for them.
var client = http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// deadline is how long eventually tries.
const deadline = 5 * time.Minute

// eventually calls f until it returns nil. After deadline it returns an error.
func eventually(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w; last error: %w", ctx.Err(), err)
		}
	}
}

// request makes a request to the processes in turn, until one responds with the
// wanted status.
func (f *fleet) request(
	ctx context.Context, method, path, key string, body []byte, want int, answer any,
) error {
	return eventually(ctx, func() error {
		p := f.pick()
		if p == nil {
			return errors.New("the fleet has no process")
		}
		return p.request(ctx, method, path, key, body, want, answer)
	})
}

// retry repeats a request to this process until it responds with the wanted
// status. On a busy machine a response can take longer than the client's
// timeout.
func (p *process) retry(
	ctx context.Context, method, path, key string, body []byte, want int, answer any,
) error {
	return eventually(ctx, func() error { return p.request(ctx, method, path, key, body, want, answer) })
}

func (p *process) request(
	ctx context.Context, method, path, key string, body []byte, want int, answer any,
) error {
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Idempotency-Key", key)
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != want {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

// place places an order, with retries, and returns its ID.
func (f *fleet) place(ctx context.Context, key string, o order.PlaceOrder) (saga.ID, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return saga.ID{}, err
	}
	var answer struct{ ID saga.ID }
	err = f.request(ctx, "POST", "/orders", key, body, http.StatusAccepted, &answer)
	return answer.ID, err
}

// waitFinal waits until an order is finished, and returns its state.
func (f *fleet) waitFinal(ctx context.Context, id saga.ID) (state, reason string, err error) {
	var answer struct{ State, Reason string }
	err = eventually(ctx, func() error {
		err := f.request(ctx, "GET", "/orders/"+id.String()+"?wait=1s", "", nil, http.StatusOK, &answer)
		if err == nil && (answer.State == "running" || answer.State == "unwinding") {
			err = fmt.Errorf("order %s is %s", id, answer.State)
		}
		return err
	})
	return answer.State, answer.Reason, err
}
