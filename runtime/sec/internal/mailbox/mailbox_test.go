package mailbox_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/mailbox"
)

// box is a mailbox of tests: its outcomes are numbers, its requests texts.
type box = mailbox.Mailbox[int, string]

// idle returns a mailbox without a driver.
func idle(t *testing.T) *box {
	t.Helper()
	var m box
	m.Init(nil)
	require.True(t, m.StopDriving())
	return &m
}

// posts are the ways to post.
var posts = map[string]func(*box) (schedule bool){
	"Report": func(m *box) bool { schedule, _ := m.Report(1); return schedule },
	"Post":   func(m *box) bool { _, schedule := m.Post("r"); return schedule },
	"Wake":   func(m *box) bool { return m.Wake() },
	"Admit":  func(m *box) bool { _, schedule := m.Admit(); return schedule },
}

func TestMailbox(t *testing.T) {
	t.Run("asks only the first poster to schedule a driver", func(t *testing.T) {
		for name, post := range posts {
			m := idle(t)
			require.True(t, post(m), name)
			require.False(t, post(m), name)
			m.Take(nil)
			require.False(t, post(m), "%s: the driver takes more mail", name)
			m.Take(nil)
			require.True(t, m.StopDriving(), name)
			require.True(t, post(m), name)
		}
	})
	t.Run("keeps the driver until it has taken everything", func(t *testing.T) {
		for name, post := range posts {
			m := idle(t)
			post(m)
			require.False(t, m.StopDriving(), name)
			m.Take(nil)
			require.True(t, m.StopDriving(), name)
		}
	})
	t.Run("returns mail once and in order", func(t *testing.T) {
		m := idle(t)
		m.Report(1)
		m.Report(2)
		m.Post("a")
		m.Post("b")
		m.Admit()
		want := mailbox.Mail[int, string]{Outcomes: []int{1, 2}, Requests: []string{"a", "b"}, Admitted: true}
		require.Equal(t, want, m.Take(nil))
		require.Empty(t, m.Take(nil))
	})
	t.Run("reuses the memory of outcomes", func(t *testing.T) {
		m := idle(t)
		memory := make([]int, 4)
		m.Take(memory)
		m.Report(7)
		require.Equal(t, 7, memory[0])
	})
	t.Run("returns what is left when it is closed", func(t *testing.T) {
		m := idle(t)
		m.Report(1)
		m.Post("a")
		m.Admit()
		left, outstanding := m.Close(3)
		require.Equal(t, mailbox.Mail[int, string]{Requests: []string{"a"}, Admitted: true}, left)
		require.Equal(t, 2, outstanding)
	})
	t.Run("accepts nothing when it is closed", func(t *testing.T) {
		m := idle(t)
		m.Close(2)
		for name, post := range posts {
			if name != "Report" {
				require.False(t, post(m), name)
			}
		}
		ok, _ := m.Post("a")
		require.False(t, ok)
		ok, _ = m.Admit()
		require.False(t, ok)
		schedule, last := m.Report(1)
		require.False(t, schedule)
		require.False(t, last)
		_, last = m.Report(2)
		require.True(t, last)
	})
}

// Each outcome is received, and never by two drivers at once. The race detector
// sees an unsynchronized use of received.
func TestMailboxHasOneDriverAtATime(t *testing.T) {
	const posters, each = 8, 1000
	m := idle(t)
	received := 0
	var working sync.WaitGroup
	drive := func() {
		for ok := true; ok; ok = !m.StopDriving() {
			received += len(m.Take(nil).Outcomes)
		}
	}
	for range posters {
		working.Go(func() {
			for i := range each {
				if schedule, _ := m.Report(i); schedule {
					working.Go(drive)
				}
			}
		})
	}
	working.Wait()
	require.Equal(t, posters*each, received)
}
