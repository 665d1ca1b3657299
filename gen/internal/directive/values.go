package directive

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/naming"
)

// set parses the value of an argument.
func (p *parser) set(a Argument) {
	switch a.key {
	case "label":
		p.setLabel(a)
	case "timeout":
		p.Policy.Timeout = p.duration(a)
	case "backoff":
		p.Policy.Backoff = p.duration(a)
	case "attempts":
		p.Policy.Attempts = p.count(a, "attempts", 1)
	case "limit":
		p.Policy.Limit = p.count(a, "concurrent calls", 1)
	case "after":
		p.setAfter(a)
	case "value":
		p.Value, _ = p.reference(a, "a value", ValidValue)
	case "dag":
		p.Dag, _ = p.reference(a, "a saga", validName)
	case "params":
		p.Params = Reference{Name: a.value, Offset: a.valueOffset}
		if err := validName(a.value); err != nil {
			p.Params = Reference{}
			p.mistake(diag.CodeBadName, a.valueOffset, "%s %v", naming.Printable(a.value), err)
		}
	}
}

func (p *parser) setLabel(a Argument) {
	const most = 128
	switch {
	case len(a.value) > most:
		p.mistake(diag.CodeBadValue, a.valueOffset, "a label can have at most %d bytes, but this one has %d; shorten it", most, len(a.value))
	case !utf8.ValidString(a.value) || strings.ContainsFunc(a.value, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.mistake(diag.CodeBadValue, a.valueOffset, "label %q contains a non-printable character; remove it", a.value)
	case !a.quoted && strings.ContainsRune(a.value, '"'):
		p.mistake(diag.CodeQuoting, a.valueOffset, "the quotes must enclose the whole value; write label=%q", strings.ReplaceAll(a.value, `"`, ""))
	case !a.quoted && withoutSingleQuotes(a.value) != a.value:
		right := strconv.Quote(withoutSingleQuotes(a.value))
		p.mistake(diag.CodeQuoting, a.valueOffset, "a label must be in double quotes; write label=%s", right).replace(a.valueOffset, len(a.value), right)
	case strings.TrimSpace(a.value) == "":
		p.mistake(diag.CodeEmptyValue, a.Offset, "label= has no value; add one, as in %s, or remove it", keyExamples["label"])
	default:
		p.Label = a.value
	}
}

// withoutSingleQuotes removes a pair of single quotes around a value.
func withoutSingleQuotes(value string) string {
	if inner, ok := strings.CutPrefix(value, "'"); ok && strings.HasSuffix(inner, "'") {
		return strings.TrimSuffix(inner, "'")
	}
	return value
}

func (p *parser) duration(a Argument) *time.Duration {
	d, err := time.ParseDuration(a.value)
	if err != nil || d <= 0 {
		p.mistake(diag.CodeBadValue, a.valueOffset, "%s=%s is not a positive duration; write a number and a unit, as in %s", a.key, naming.Printable(a.value), keyExamples[a.key])
		return nil
	}
	return &d
}

// count parses a number that is at least least.
func (p *parser) count(a Argument, what string, least int) *int {
	n, err := strconv.ParseInt(a.value, 10, 32)
	if count := int(n); err == nil && count >= least {
		return &count
	}
	p.mistake(diag.CodeBadValue, a.valueOffset, "%s=%s is not a valid number of %s; it must be at least %d, as in %s", a.key, naming.Printable(a.value), what, least, keyExamples[a.key])
	return nil
}

func (p *parser) setAfter(a Argument) {
	offset := a.valueOffset
	if a.quoted {
		offset++
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(a.value, ",") {
		trimmed := strings.TrimSpace(name)
		at := offset + strings.Index(name, trimmed)
		offset += len(name) + 1
		switch err := validName(trimmed); {
		case trimmed == "":
			p.mistake(diag.CodeEmptyValue, at, "the list in after= contains an empty name; separate the names with commas only, as in %s", keyExamples["after"])
		case err != nil:
			p.mistake(diag.CodeBadName, at, "%s %v", naming.Printable(trimmed), err)
		case seen[trimmed]:
			p.mistake(diag.CodeRepeatedArgument, at, "node %q is repeated in after=; remove one", trimmed)
		default:
			seen[trimmed] = true
			p.After = append(p.After, NameArg{Name: trimmed, Offset: at})
		}
	}
}
