package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

var update = flag.Bool("update", false, "rewrite the golden files, except for steno's")

// binary is the program's file.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "provision")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "provision")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// provision runs the program, and returns what it printed.
func provision(t *testing.T, status int, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	require.Equal(t, status, cmd.ProcessState.ExitCode(), "%v: %s", args, errs.String())
	return out.String(), errs.String()
}

// dump returns the log of a run with these flags.
func dump(t *testing.T, args ...string) string {
	t.Helper()
	log, _ := provision(t, 0, "", append([]string{"run", "--quiet", "--dump-to=-"}, args...)...)
	return log
}

func parse(t *testing.T, text string) *saga.Log {
	t.Helper()
	log := new(saga.Log)
	require.NoError(t, json.Unmarshal([]byte(text), log))
	return log
}

// prefix returns a log with its first n events only.
func prefix(t *testing.T, log *saga.Log, n int) string {
	t.Helper()
	text, err := json.Marshal(&saga.Log{ID: log.ID, DAG: log.DAG, Events: log.Events[:n]})
	require.NoError(t, err)
	return string(text)
}

// find returns the index of an event in a log, or -1.
func find(log *saga.Log, node saga.NodePath, kind saga.EventKind) int {
	return slices.IndexFunc(log.Events, func(e saga.Event) bool {
		return e.Kind == kind && (log.DAG.Path(e.Node) == node || log.DAG.NodeName(e.Node) == saga.NodeName(node))
	})
}

func TestRunPrintsWhatStenoPrints(t *testing.T) {
	const boot, undo = "--inject-error=instance_boot", "--inject-undo-error=instance_id"
	done, failed, stuck := dump(t), dump(t, boot), dump(t, boot, undo)
	doneLog, failedLog := parse(t, done), parse(t, failed)
	for _, tt := range []struct {
		golden, name, stdin string
		args                []string
	}{
		{"run_basic", "", "", nil},
		{"run_error", "", "", []string{boot}},
		{"run_error", "flag and value apart", "", []string{"--inject-error", "instance_boot"}},
		{"run_stuck", "", "", []string{boot, undo}},
		{"run_recover_done", "", done, []string{"--recover-from=-"}},
		{"run_recover_some", "", prefix(t, doneLog, find(doneLog, "instance_boot", saga.EventStarted)+1), []string{"--recover-from", "-"}},
		{"run_recover_fail_done", "", failed, []string{"--recover-from=-"}},
		{"run_recover_fail_some", "last undo began", prefix(t, failedLog, len(failedLog.Events)-1), []string{"--recover-from=-"}},
		{"run_recover_fail_some", "last undo is due", prefix(t, failedLog, len(failedLog.Events)-2), []string{"--recover-from=-"}},
		{"run_recover_stuck_done", "", stuck, []string{"--recover-from=-"}},
	} {
		t.Run(tt.golden+" "+tt.name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "steno", tt.golden+".out"))
			require.NoError(t, err)
			stdout, _ := provision(t, 0, tt.stdin, append([]string{"run"}, tt.args...)...)
			assert.Equal(t, string(want), stdout)
		})
	}
}

// faults are the nodes whose do and whose undo fail.
type faults struct{ do, undo saga.NodePath }

// TestEveryPrefixOfALogEndsTheSameWay cuts the logs of all kinds of runs after each event, and goes on from there.
func TestEveryPrefixOfALogEndsTheSameWay(t *testing.T) {
	nodes := []saga.NodePath{
		"instance_id", "instance_ip", "volume_id", "server_id", "server_reserve",
		"instance_configure", "volume_attach", "instance_boot", "print",
	}
	runs := []faults{{}}
	for _, node := range nodes {
		runs = append(runs, faults{do: node})
		if node != "print" {
			runs = append(runs, faults{do: "print", undo: node})
		}
	}
	for _, f := range runs {
		t.Run(fmt.Sprintf("error %s undo error %s", f.do, f.undo), func(t *testing.T) {
			t.Parallel()
			// flags are those that let happen what isn't in the log yet.
			flags := func(log *saga.Log) (flags []string) {
				if f.do != "" && find(log, f.do, saga.EventFailed) < 0 {
					flags = append(flags, "--inject-error", string(f.do))
				}
				if f.undo != "" && find(log, f.undo, saga.EventUndoFailed) < 0 {
					flags = append(flags, "--inject-undo-error", string(f.undo))
				}
				return flags
			}
			file := filepath.Join(t.TempDir(), "saga.log")
			stdout, _ := provision(t, 0, "", append([]string{"run", "--dump-to", file}, flags(&saga.Log{})...)...)
			stdout = strings.TrimSuffix(stdout, fmt.Sprintf("dumped log to %q\n", file))
			text, err := os.ReadFile(file)
			require.NoError(t, err)

			log := parse(t, string(text))
			for n := range len(log.Events) + 1 {
				part := parse(t, prefix(t, log, n))
				again, _ := provision(t, 0, prefix(t, log, n), append([]string{"run", "--recover-from=-"}, flags(part)...)...)
				require.Equal(t, f.final(stdout), f.final(again), "after %d of %s", n, log)
			}
		})
	}
}

var reserve = regexp.MustCompile(`(undone|abandoned): (ServerReserve|\(subsaga end\))`)

// final returns the end of what a run prints: the final state and the result. When a node beside the server's
// fails, chance decides whether the server is reserved first.
func (f faults) final(stdout string) string {
	_, final, _ := strings.Cut(stdout, "*** final state ***\n")
	if f.do == "instance_ip" || f.do == "volume_id" {
		final = reserve.ReplaceAllString(final, "undone or abandoned: $2")
	}
	return final
}

func TestOtherCommands(t *testing.T) {
	for golden, args := range map[string][]string{
		"dot":       {"dot"},
		"info":      {"info"},
		"usage":     {"help"},
		"print_log": {"print-log", filepath.Join("testdata", "saga.log")},
	} {
		t.Run(golden, func(t *testing.T) {
			stdout, stderr := provision(t, 0, "", args...)
			assert.Empty(t, stderr)
			file := filepath.Join("testdata", golden+".out")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(stdout), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), stdout)
		})
	}
	log, err := os.ReadFile(filepath.Join("testdata", "saga.log"))
	require.NoError(t, err)
	fromFile, _ := provision(t, 0, "", "print-log", filepath.Join("testdata", "saga.log"))
	fromStdin, _ := provision(t, 0, string(log), "print-log", "-")
	assert.Equal(t, fromFile, fromStdin)
}

func TestActionsPrintToTheStandardError(t *testing.T) {
	stdout, stderr := provision(t, 0, "", "run", "--quiet")
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "running action: InstanceCreate (instance name: fake-o instance)\n")
	assert.Contains(t, stderr, "running action: Print\nprinting final state:\n  instance id: 1211\n  IP address: 10.120.121.122\n  volume id: 1213\n  server id: 1212\n")
}

func TestOfSeveralFailuresTheFirstNodeIsTold(t *testing.T) {
	stdout, _ := provision(t, 0, "", "run", "--inject-error=server_id", "--inject-error=volume_id", "--inject-error", "instance_ip")
	assert.Contains(t, stdout, `will inject error at node "server_id"
will inject error at node "volume_id"
will inject error at node "instance_ip"
*** running saga ***
`)
	assert.Contains(t, stdout, `result: ACTION FAILURE
failed at node:    "instance_ip"
failed with error: error injected
`)
	for _, line := range []string{"failed: VpcAllocIp", "failed: VolumeCreate", "failed: ServerPick", "abandoned: ServerReserve", "undone: InstanceCreate"} {
		assert.Contains(t, stdout, "+-- "+line+" (")
	}
}

func TestIndependentBranchesAreUndoneBeforeTheSagaIsStuck(t *testing.T) {
	stdout, _ := provision(t, 0, "", "run", "--inject-error=print", "--inject-undo-error=volume_id", "--inject-undo-error=instance_ip")
	for _, line := range []string{"undo-failed: VpcAllocIp", "undo-failed: VolumeCreate", "undone: ServerReserve", "undone: ServerPick", "done: InstanceCreate"} {
		assert.Contains(t, stdout, "+-- "+line+" (")
	}
	assert.Contains(t, stdout, `FOLLOWED BY UNDO ACTION FAILURE
failed at node:    "instance_ip"
failed with error: undo action failed permanently: {
  "message": "undo action attempt 1: error injected"
}
`)
}

func TestMisuseIsTold(t *testing.T) {
	done := dump(t)
	for _, tt := range []struct {
		status int
		stdin  string
		args   []string
		want   string
	}{
		{2, "", nil, usage},
		{2, "", []string{"fly"}, "provision: unknown command \"fly\"\n\n" + usage},
		{2, "", []string{"dot", "x"}, "provision dot: takes no arguments, found [\"x\"]\n"},
		{2, "", []string{"run", "now"}, "provision run: takes no arguments, found [\"now\"]\n"},
		{2, "", []string{"print-log"}, "provision print-log: takes one argument, the FILE that holds the log, or - for the standard input; found []\n"},
		{2, "", []string{"run", "--inject"}, "flag provided but not defined: -inject\n"},
		{1, "", []string{"run", "--inject-error=nope"}, `provision run: --inject-error "nope": saga "vm-provision": no such node: "nope"; there are "instance_id", "server_alloc_params", ` +
			`"instance_ip", "volume_id", "server_alloc/server_id", "server_alloc/server_reserve", "server_alloc", "instance_configure", "volume_attach", "instance_boot" and 1 more` + "\n"},
		{1, "", []string{"run", "--inject-undo-error=server_alloc"}, "not possible in this state: a subsaga_end runs no action\n"},
		{1, done, []string{"run", "--recover-from=-", "--inject-error=print"}, `not possible in this state: it is succeeded`},
		{1, "{", []string{"run", "--recover-from=-"}, "provision run: log \"-\": unexpected end of JSON input\n"},
		{1, "", []string{"run", "--recover-from=nowhere"}, "provision run: open nowhere: no such file or directory\n"},
		{1, strings.Replace(done, "provision.print", "provision.shout", 1), []string{"run", "--recover-from=-"},
			`provision run: saga "vm-provision": node "print": unknown action: "provision.shout"; register it before the coordinator starts` + "\n"},
	} {
		_, stderr := provision(t, tt.status, tt.stdin, tt.args...)
		assert.Contains(t, stderr, tt.want)
	}
	_, stderr := provision(t, 0, "", "run", "-h")
	assert.Contains(t, stderr, "let NODE fail; may be repeated")
}
