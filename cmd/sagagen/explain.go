package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
)

const explainUsage = `usage: sagagen explain [code]

Explain prints what a diagnostic code means, an example with the mistake, the
diagnostic for it, and the fixed example. Without a code, it lists all codes.
`

func runExplain(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 1 && isHelpFlag(args[0]):
		fmt.Fprint(stdout, explainUsage)
		return 0
	case len(args) == 0:
		for _, code := range diag.Codes() {
			fmt.Fprintf(stdout, "%s  %s\n", code, code.Summary())
		}
		return 0
	case len(args) > 1 || strings.HasPrefix(args[0], "-"):
		fmt.Fprint(stderr, explainUsage)
		return 2
	}
	explanation, ok := diag.Explain(diag.Code(strings.ToUpper(args[0])))
	if !ok {
		advice := "run 'sagagen explain' to list all codes"
		if code, ok := diag.SuggestCode(args[0]); ok {
			advice = fmt.Sprintf("did you mean %s?", code)
		}
		fmt.Fprintf(stderr, "sagagen: unknown code %q; %s\n", args[0], advice)
		return 2
	}
	fmt.Fprint(stdout, explanation.Text())
	return 0
}
