package docs_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/sagagen/sagagen/"

// TestPackagesImportWhatTheTableAllows compares the imports of all packages
// with the table in architecture.md.
func TestPackagesImportWhatTheTableAllows(t *testing.T) {
	allowed := readTable(t)
	command := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", module+"...")
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err)

	seen := map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		err := decoder.Decode(&pkg)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		name := strings.TrimPrefix(pkg.ImportPath, module)
		rules, ok := allowed[name]
		if !assert.True(t, ok, "package %s is not in the table of architecture.md", name) {
			continue
		}
		seen[name] = true
		for _, imported := range pkg.Imports {
			assert.True(t, isAllowed(imported, rules),
				"package %s imports %s, which the table doesn't allow", name, imported)
		}
	}
	for name := range allowed {
		assert.True(t, seen[name], "the table of architecture.md lists package %s, which doesn't exist", name)
	}
}

// isAllowed reports whether an import is in the standard library or matches a
// rule. A rule that names another module allows all packages of that module.
func isAllowed(imported string, rules []string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true
	}
	for _, rule := range rules {
		isModule := strings.Contains(rule, ".")
		if imported == module+rule || imported == rule || isModule && strings.HasPrefix(imported, rule+"/") {
			return true
		}
	}
	return false
}

var tableRow = regexp.MustCompile(`(?m)^\|([^|]*)\|([^|]*)\|[^|]*\|$`)

// readTable returns the imports that the table allows, by package.
func readTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## The packages\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	table := map[string][]string{}
	for _, row := range tableRow.FindAllStringSubmatch(section, -1)[2:] { // skip the header and the line below it
		var rules []string
		for _, rule := range strings.Split(row[2], ",") {
			if rule = strings.TrimSpace(rule); rule != "" {
				rules = append(rules, rule)
			}
		}
		table[strings.TrimSpace(row[1])] = rules
	}
	require.NotEmpty(t, table)
	return table
}
