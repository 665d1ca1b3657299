package unified

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered returns the lines 1 to n with some of them replaced.
func numbered(n int, replaced map[int]string) string {
	var text strings.Builder
	for i := 1; i <= n; i++ {
		line, ok := replaced[i]
		if !ok {
			line = fmt.Sprintln(i)
		}
		text.WriteString(line)
	}
	return text.String()
}

func TestDiff(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"equal":          {"a\nb\n", "a\nb\n", ""},
		"both empty":     {"", "", ""},
		"from nothing":   {"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		"to nothing":     {"a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		"one line":       {"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
		"newline at end": {"a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
		"no newline at all": {
			"a\nb\nc", "a\nB\nc",
			"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n",
		},
		"line endings": {"a\r\nb\r\n", "a\nb\r\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\r\n"},
		"at the start": {
			numbered(9, nil), numbered(9, map[int]string{1: "x\n"}),
			"@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n",
		},
		"at the end": {
			numbered(9, nil), numbered(9, map[int]string{9: ""}),
			"@@ -6,4 +6,3 @@\n 6\n 7\n 8\n-9\n",
		},
		"inserted": {
			numbered(9, nil), numbered(9, map[int]string{5: "5\nx\n"}),
			"@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+x\n 6\n 7\n 8\n",
		},
		"close together": {
			numbered(12, nil), numbered(12, map[int]string{3: "x\n", 10: "y\n"}),
			"@@ -1,12 +1,12 @@\n 1\n 2\n-3\n+x\n 4\n 5\n 6\n 7\n 8\n 9\n-10\n+y\n 11\n 12\n",
		},
		"far apart": {
			numbered(14, nil), numbered(14, map[int]string{3: "", 11: "y\nz\n"}),
			"@@ -1,6 +1,5 @@\n 1\n 2\n-3\n 4\n 5\n 6\n@@ -8,7 +7,8 @@\n 8\n 9\n 10\n-11\n+y\n+z\n 12\n 13\n 14\n",
		},
		"no line that is unique": {"a\na\nb\nb\n", "a\nb\nb\nb\n", "@@ -1,4 +1,4 @@\n a\n-a\n+b\n b\n b\n"},
		"moved":                  {"a\nb\nc\nd\n", "d\na\nb\nc\n", "@@ -1,4 +1,4 @@\n+d\n a\n b\n c\n-d\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want != "" {
				want = "--- a/x\n+++ b/x\n" + want
			}
			assert.Equal(t, want, string(Diff("a/x", "b/x", []byte(c.old), []byte(c.new))))
		})
	}
}

func TestFirstLine(t *testing.T) {
	assert.Equal(t, 1, FirstLine(nil, []byte("a\n")))
	assert.Equal(t, 2, FirstLine([]byte("a\nb\nc\n"), []byte("a\nx\nc\n")))
	assert.Equal(t, 3, FirstLine([]byte("a\nb\n"), []byte("a\nb\nc\n")))
}

// TestGitAppliesEveryDiff has git apply diffs of random texts, with many and
// with few repeated lines.
func TestGitAppliesEveryDiff(t *testing.T) {
	_, err := exec.LookPath("git")
	require.NoError(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	var patch []byte
	want := map[string]string{}
	for i := range 300 {
		old, new := texts(r)
		if old == new || old == "" || new == "" { // git apply deletes empty files
			continue
		}
		name := fmt.Sprintf("text%d", i)
		want[name] = new
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(old), 0o644))
		patch = append(patch, Diff("a/"+name, "b/"+name, []byte(old), []byte(new))...)
	}
	apply := exec.CommandContext(t.Context(), "git", "apply", "--whitespace=nowarn", "-")
	apply.Dir, apply.Stdin = dir, strings.NewReader(string(patch))
	out, err := apply.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, text, string(got), name)
	}
}

// texts returns a random text and a changed copy.
func texts(r *rand.Rand) (old, new string) {
	kinds := []int{2, 5, 1000}[r.IntN(3)]
	line := func() string { return fmt.Sprintln(r.IntN(kinds)) }
	var a, b []string
	for range r.IntN(60) {
		l := line()
		switch a = append(a, l); r.IntN(8) {
		case 0: // removed
		case 1:
			b = append(b, line())
		case 2:
			b = append(b, l, line())
		default:
			b = append(b, l)
		}
	}
	old, new = strings.Join(a, ""), strings.Join(b, "")
	if r.IntN(4) == 0 {
		old = strings.TrimSuffix(old, "\n")
	}
	if r.IntN(4) == 0 {
		new = strings.TrimSuffix(new, "\n")
	}
	return old, new
}

func TestLargeTextsWithNothingInCommonAreReplaced(t *testing.T) {
	old, new := strings.Repeat("a\n", 5000)+"a", strings.Repeat("b\nc\n", 5000)
	diff := string(Diff("a", "b", []byte(old), []byte(new)))
	assert.Contains(t, diff, "@@ -1,5001 +1,10000 @@\n")
}
