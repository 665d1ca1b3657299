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
	"github.com/sagagen/sagagen/runtime/engine"
)

var update = flag.Bool("update", false, "rewrite the golden files, except those of steno")

// binary is the path of the built program.
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

// provision runs the program, asserts its exit status and returns its output.
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

// prefix returns the JSON of a log that has only the first n events.
func prefix(t *testing.T, log *saga.Log, n int) string {
	t.Helper()
	text, err := json.Marshal(&saga.Log{ID: log.ID, DAG: log.DAG, Events: log.Events[:n]})
	require.NoError(t, err)
	return string(text)
}

// find returns the index of an event in a log, or -1 if it isn't there.
func find(log *saga.Log, node saga.NodePath, kind engine.EventKind) int {
	return slices.IndexFunc(log.Events, func(e engine.Event) bool {
		return e.Kind == kind && (log.DAG.Path(e.Node) == node || log.DAG.NodeName(e.Node) == saga.NodeName(node))
	})
}

func TestRunPrintsOutputOfSteno(t *testing.T) {
	const boot, undo = "--inject-error=instance_boot", "--inject-undo-error=instance_id"
	done, failed, stuck := dump(t), dump(t, boot), dump(t, boot, undo)
	doneLog, failedLog := parse(t, done), parse(t, failed)
	booting, n := find(doneLog, "instance_boot", engine.EventStarted), len(failedLog.Events)
	for _, tt := range []struct {
		golden, name, stdin string
		args                []string
	}{
		{"run_basic", "", "", nil},
		{"run_error", "", "", []string{boot}},
		{"run_error", "flag and value separate", "", []string{"--inject-error", "instance_boot"}},
		{"run_stuck", "", "", []string{boot, undo}},
		{"run_recover_done", "", done, []string{"--recover-from=-"}},
		{"run_recover_some", "", prefix(t, doneLog, booting+1), []string{"--recover-from", "-"}},
		{"run_recover_fail_done", "", failed, []string{"--recover-from=-"}},
		{"run_recover_fail_some", "last undo started", prefix(t, failedLog, n-1), []string{"--recover-from=-"}},
		{"run_recover_fail_some", "last undo not started", prefix(t, failedLog, n-2), []string{"--recover-from=-"}},
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

// faults names the node whose do function fails, and the one whose undo
// function fails.
type faults struct{ do, undo saga.NodePath }

// The test cuts the logs of runs with all faults after each event, and recovers
// a saga from each prefix.
func TestEveryLogPrefixReachesSameState(t *testing.T) {
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
			// flags returns the flags for the faults that the log doesn't have
			// yet.
			flags := func(log *saga.Log) (flags []string) {
				if f.do != "" && find(log, f.do, engine.EventFailed) < 0 {
					flags = append(flags, "--inject-error", string(f.do))
				}
				if f.undo != "" && find(log, f.undo, engine.EventUndoFailed) < 0 {
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
				args := append([]string{"run", "--recover-from=-"}, flags(part)...)
				recovered, _ := provision(t, 0, prefix(t, log, n), args...)
				require.Equal(t, f.final(stdout), f.final(recovered), "after %d events of %s", n, log)
			}
		})
	}
}

var reserve = regexp.MustCompile(`(undone|abandoned): (ServerReserve|\(subsaga end\))`)

// final returns the final state and the result from the output of a run. If a
// node fails that runs in parallel with the subsaga, then the server may have
// been reserved before or not.
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

func TestActionsPrintToStandardError(t *testing.T) {
	stdout, stderr := provision(t, 0, "", "run", "--quiet")
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "running action: InstanceCreate (instance name: fake-o instance)\n")
	assert.Contains(t, stderr, `running action: Print
printing final state:
  instance id: 1211
  IP address: 10.120.121.122
  volume id: 1213
  server id: 1212
`)
}

func TestResultNamesFirstOfSeveralFailedNodes(t *testing.T) {
	stdout, _ := provision(t, 0, "", "run",
		"--inject-error=server_id", "--inject-error=volume_id", "--inject-error", "instance_ip")
	assert.Contains(t, stdout, `will inject error at node "server_id"
will inject error at node "volume_id"
will inject error at node "instance_ip"
*** running saga ***
`)
	assert.Contains(t, stdout, `result: ACTION FAILURE
failed at node:    "instance_ip"
failed with error: error injected
`)
	for _, line := range []string{
		"failed: VpcAllocIp", "failed: VolumeCreate", "failed: ServerPick",
		"abandoned: ServerReserve", "undone: InstanceCreate",
	} {
		assert.Contains(t, stdout, "+-- "+line+" (")
	}
}

func TestIndependentBranchesAreUndoneBeforeTheSagaIsStuck(t *testing.T) {
	stdout, _ := provision(t, 0, "", "run",
		"--inject-error=print", "--inject-undo-error=volume_id", "--inject-undo-error=instance_ip")
	for _, line := range []string{
		"undo-failed: VpcAllocIp", "undo-failed: VolumeCreate",
		"undone: ServerReserve", "undone: ServerPick", "done: InstanceCreate",
	} {
		assert.Contains(t, stdout, "+-- "+line+" (")
	}
	assert.Contains(t, stdout, `FOLLOWED BY UNDO ACTION FAILURE
failed at node:    "instance_ip"
failed with error: undo action failed permanently: {
  "message": "undo action attempt 1: error injected"
}
`)
}

func TestErrorsAreReported(t *testing.T) {
	done := dump(t)
	for _, tt := range []struct {
		status int
		stdin  string
		args   []string
		want   string
	}{
		{2, "", nil, usage},
		{2, "", []string{"fly"}, "provision: unknown command \"fly\"\n\n" + usage},
		{2, "", []string{"dot", "x"}, "provision dot: unexpected arguments: [\"x\"]\n"},
		{2, "", []string{"run", "now"}, "provision run: unexpected arguments: [\"now\"]\n"},
		{2, "", []string{"print-log"},
			"provision print-log: found arguments [], want one FILE with a log, or - for standard input\n"},
		{2, "", []string{"run", "--inject"}, "flag provided but not defined: -inject\n"},
		{1, "", []string{"run", "--inject-error=nope"}, `provision run: --inject-error "nope": saga "vm-provision": `},
		{1, "", []string{"run", "--inject-undo-error=server_alloc"}, "a subsaga_end runs no action\n"},
		{1, done, []string{"run", "--recover-from=-", "--inject-error=print"}, saga.ErrWrongState.Error()},
		{1, "{", []string{"run", "--recover-from=-"}, "provision run: log \"-\": unexpected end of JSON input\n"},
		{1, "", []string{"run", "--recover-from=nowhere"},
			"provision run: open nowhere: no such file or directory\n"},
		{1, strings.Replace(done, "provision.print", "provision.shout", 1), []string{"run", "--recover-from=-"},
			`provision run: saga "vm-provision": node "print": unknown action: "provision.shout"`},
	} {
		_, stderr := provision(t, tt.status, tt.stdin, tt.args...)
		assert.Contains(t, stderr, tt.want)
	}
	_, stderr := provision(t, 0, "", "run", "-h")
	assert.Contains(t, stderr, "make NODE fail; may be repeated")
}
