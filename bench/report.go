package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// writeJSON writes one JSON object per line.
func writeJSON(w io.Writer, results []result) error {
	encoder := json.NewEncoder(w)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// readJSON reads the output of writeJSON.
func readJSON(r io.Reader) ([]result, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var results []result
	for {
		var next result
		err := decoder.Decode(&next)
		if errors.Is(err, io.EOF) {
			return results, nil
		}
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", len(results)+1, err)
		}
		results = append(results, next)
	}
}

// writeTable writes a table for readers.
func writeTable(w io.Writer, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tclients\tmedian\tmin\tmax\t\tp50 ms\tp99 ms\tcommits\tbytes\t")
	width := 0
	for _, r := range results {
		width = max(width, len(r.Name))
	}
	for _, r := range results {
		clients, p50, p99 := "", "", ""
		if r.Clients > 0 {
			clients = strconv.Itoa(r.Clients)
		}
		if r.MsPerSaga != nil {
			p50, p99 = formatValue(r.MsPerSaga.P50), formatValue(r.MsPerSaga.P99)
		}
		fmt.Fprintf(table, "%-*s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", width, r.Name, clients,
			formatValue(r.Median), formatValue(r.Min), formatValue(r.Max), r.Unit, p50, p99,
			optional(r.CommitsPerSaga), optional(r.BytesPerSaga))
	}
	return table.Flush()
}

// optional formats a value, or returns "" for nil.
func optional(value *float64) string {
	if value == nil {
		return ""
	}
	return formatValue(*value)
}

// formatValue formats a value with three significant digits and with thousands
// separators.
func formatValue(value float64) string {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(value))))
	if digits < 0 {
		scale := math.Pow10(-digits)
		value, digits = math.Round(value/scale)*scale, 0
	}
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(value, 'f', digits, 64), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}
