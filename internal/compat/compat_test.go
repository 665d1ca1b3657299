package compat

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the reports")

// TestReports compares the two versions in each directory of testdata/compat,
// and the report with report.txt. The optional file aliases has lines OLD=NEW.
func TestReports(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/compat/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	kinds := map[string]bool{}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			base, current := version(t, dir, "old.go.txt"), version(t, dir, "new.go.txt")
			aliases := map[string]string{}
			text, err := os.ReadFile(filepath.Join(dir, "aliases"))
			if !os.IsNotExist(err) {
				require.NoError(t, err)
			}
			for line := range strings.Lines(string(text)) {
				old, name, ok := strings.Cut(strings.TrimSpace(line), "=")
				require.True(t, ok)
				aliases[old] = name
			}
			findings, err := Compare(base, current, aliases)
			require.NoError(t, err)
			for _, f := range findings {
				kinds[f.Kind] = true
			}
			got := (&Report{Base: "old.go.txt", Findings: findings}).Text()
			expected := filepath.Join(dir, "report.txt")
			if *update {
				require.NoError(t, os.WriteFile(expected, []byte(got), 0o644))
			}
			want, err := os.ReadFile(expected)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
	text, err := os.ReadFile("../../docs/versioning.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	_, section, _ := strings.Cut(string(text), "\n## Check a change\n")
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = true
	}
	assert.Equal(t, documented, kinds, "docs/versioning.md must list the kinds of all findings in testdata/compat")
}

func version(t *testing.T, dir, name string) *Version {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	v := new(Version)
	require.NoError(t, v.add(name, "stay", "example.com/app/stay", src))
	return v
}

func TestAliasesAreChecked(t *testing.T) {
	dir := "../../testdata/compat/action_renamed"
	base, current := version(t, dir, "old.go.txt"), version(t, dir, "new.go.txt")
	_, err := Compare(base, current, map[string]string{"stay.hotel": "stay.inn"})
	assert.EqualError(t, err, `alias "stay.hotel": no action is named "stay.inn"`)
	_, err = Compare(base, current, map[string]string{"stay.bill": "stay.lodging"})
	assert.EqualError(t, err, `alias "stay.bill": an action still has this name`)
}
