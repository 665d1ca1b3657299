package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sampleResults returns a result with all fields and one without the optional
// fields.
func sampleResults() []result {
	perSecond, commits, bytes := 1234.5, 4.0, 2300.0
	return []result{
		{
			Name: "sqlite/trip", Clients: 16, Nodes: 5, Unit: sagasPerSecond,
			Rounds: 5, Min: 1000, Median: 1234.5, Max: 1500,
			SagasPerSecond: &perSecond, MsPerSaga: &latency{P50: 0.5, P99: 12},
			CommitsPerSaga: &commits, BytesPerSaga: &bytes,
		},
		{Name: "recover/sqlite/all", Sagas: 100_000, Unit: milliseconds, Rounds: 3, Min: 1, Median: 2, Max: 3},
	}
}

func TestJSONHasOneObjectPerLineAndReadsBack(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeJSON(&out, sampleResults()))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	for _, field := range []string{
		"name", "clients", "sagas_per_s", "ms_per_saga", "commits_per_saga", "bytes_per_saga",
		"rounds", "min", "median", "max",
	} {
		for _, line := range lines {
			assert.Contains(t, line, `"`+field+`":`)
		}
	}
	read, err := readJSON(&out)
	require.NoError(t, err)
	assert.Equal(t, sampleResults(), read)
}

func TestReadJSONReportsInvalidResult(t *testing.T) {
	_, err := readJSON(strings.NewReader(`{"name":"a"}` + "\n" + `{"nom":"b"}`))
	assert.ErrorContains(t, err, "result 2")
}

func TestTableHasOneLinePerResult(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeTable(&out, sampleResults()))
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	require.Len(t, lines, 3)
	row := func(line string) string { return strings.Join(strings.Fields(line), " ") }
	assert.Equal(t, "sqlite/trip 16 1,230 1,000 1,500 sagas/s 0.500 12.0 4.00 2,300", row(lines[1]))
	assert.Equal(t, "recover/sqlite/all 2.00 1.00 3.00 ms", row(lines[2]))
}

func TestNumbersHaveThreeSignificantDigits(t *testing.T) {
	for want, value := range map[string]float64{
		"0": 0, "0.00123": 0.0012345, "0.500": 0.5, "12.3": 12.345, "999": 999.4,
		"1,230": 1234.5, "1,230,000": 1_234_567, "-1,230": -1234.5,
	} {
		assert.Equal(t, want, formatValue(value))
	}
}
