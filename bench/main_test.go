package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// measureFew runs the program with few sagas and returns the results by name.
func measureFew(t *testing.T, cases string) map[string]result {
	t.Helper()
	var out, progress bytes.Buffer
	err := run(t.Context(), []string{
		"-json", "-rounds", "1", "-time", "10m", "-sagas", "8", "-unfinished", "20", "-finished", "20", "-run", cases,
	}, &out, &progress)
	require.NoError(t, err, progress.String())
	results, err := readJSON(&out)
	require.NoError(t, err)
	byName := map[string]result{}
	for _, r := range results {
		byName[r.Name] = r
	}
	if len(byName) == 0 {
		t.Skip(progress.String()) // with CI=true, run returns an error instead
	}
	return byName
}

func TestSagasCommitOncePerStepAndOnceMore(t *testing.T) {
	for _, database := range []string{"memory", "sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			r := measureFew(t, "^"+database+"/(chain-10|floor|trip)@1$")
			require.Contains(t, r, database+"/chain-10")
			assert.InDelta(t, 11, *r[database+"/chain-10"].CommitsPerSaga, 0.5)
			assert.GreaterOrEqual(t, *r[database+"/trip"].CommitsPerSaga, 4.0)
			assert.LessOrEqual(t, *r[database+"/trip"].CommitsPerSaga, 6.5)
			assert.Positive(t, *r[database+"/trip"].BytesPerSaga)
			if floor, found := r[database+"/floor"]; found {
				assert.InDelta(t, 4, *floor.CommitsPerSaga, 0.5)
			}
		})
	}
}

func TestPayloadIsStoredInParamsAndTwoOutputs(t *testing.T) {
	r := measureFew(t, "^memory/trip(-64k)?@1$")
	assert.InDelta(t, 3*64<<10, *r["memory/trip-64k"].BytesPerSaga-*r["memory/trip"].BytesPerSaga, 200)
}

func TestDBOSCasesRun(t *testing.T) {
	for _, database := range []string{"sqlite", "sqlite-full", "postgres"} {
		t.Run(database, func(t *testing.T) {
			for name, r := range measureFew(t, "^dbos-"+database+"/.*@16$") {
				assert.GreaterOrEqual(t, *r.CommitsPerSaga, float64(r.Nodes), name)
				assert.Positive(t, r.MsPerSaga.P99, name)
			}
		})
	}
}

func TestRecoverAndFinishedCasesRun(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			r := measureFew(t, "^(recover|finished-1m)/"+database+"$")
			for _, part := range []string{"first", "all", "finished"} {
				assert.Equal(t, 20, r["recover/"+database+"/"+part].Sagas)
				assert.Positive(t, r["recover/"+database+"/"+part].Median)
			}
			for _, part := range []string{"create-empty", "create-full", "append-empty", "append-full"} {
				assert.Positive(t, r["finished-1m/"+database+"/"+part].Median, part)
			}
		})
	}
}

func TestGenerateCasesRun(t *testing.T) {
	r := measureFew(t, "^generate/one$")
	for _, part := range []string{"sagagen", "go-list", "go-vet", "go-build"} {
		assert.Positive(t, r["generate/one/"+part].Median, part)
	}
}

func TestCaseWithoutServerIsSkipped(t *testing.T) {
	t.Setenv("SAGA_BENCH_TEMPORAL", "")
	var out, progress bytes.Buffer
	args := []string{"-json", "-rounds", "1", "-run", "^temporal/trip@1$"}
	require.NoError(t, run(t.Context(), args, &out, &progress))
	assert.Empty(t, out.String())
	assert.Contains(t, progress.String(), "temporal/trip@1: skipped: set the address of a Temporal server")
}

func TestResultsArePlottedFromFile(t *testing.T) {
	folder := t.TempDir()
	from, plot := filepath.Join(folder, "results.jsonl"), filepath.Join(folder, "plot.svg")
	var text, out bytes.Buffer
	require.NoError(t, writeJSON(&text, sampleResults()))
	require.NoError(t, os.WriteFile(from, text.Bytes(), 0o600))
	args := []string{"-from", from, "-plot", plot, "-run", "sqlite/trip@16"}
	require.NoError(t, run(t.Context(), args, &out, io.Discard))
	assert.Equal(t, 2, strings.Count(out.String(), "\n"), "the header and one result that -run selects")
	svg, err := os.ReadFile(plot)
	require.NoError(t, err)
	assert.Contains(t, string(svg), "sqlite/trip")
	assert.NotContains(t, string(svg), "recover")
}

func TestInvalidFlagsAreReported(t *testing.T) {
	for args, want := range map[string]string{
		"-run nothing-like-it": `no case matches "nothing-like-it"`,
		"-run (":               "missing closing )",
		"-rounds -1":           "negative",
		"trip":                 `unexpected argument "trip"`,
	} {
		err := run(context.Background(), strings.Fields(args), io.Discard, io.Discard)
		assert.ErrorAs(t, err, new(usageError), args)
		assert.ErrorContains(t, err, want, args)
	}
}
