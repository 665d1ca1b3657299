// Package unified compares two texts and formats the differences as a unified
// diff, which patch and git apply accept.
package unified

import (
	"bytes"
	"fmt"
)

// context is the number of equal lines around a change.
const context = 3

// Diff returns a unified diff of two texts, or nil if they are equal. The names
// are in its header.
func Diff(oldName, newName string, old, new []byte) []byte {
	if bytes.Equal(old, new) {
		return nil
	}
	a, b := lines(old), lines(new)
	var out bytes.Buffer
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", oldName, newName)
	for _, h := range hunks(compare(a, b), len(a)) {
		h.write(&out, a, b)
	}
	return out.Bytes()
}

// FirstLine returns the number of the first line of the old text that differs
// from the new text. If the old text is a prefix of the new text, it returns
// the number after its last line.
func FirstLine(old, new []byte) int {
	a, b := lines(old), lines(new)
	i := 0
	for i < len(a) && i < len(b) && bytes.Equal(a[i], b[i]) {
		i++
	}
	return i + 1
}

// lines splits a text after its newlines. The last line may have none.
func lines(text []byte) [][]byte {
	list := bytes.SplitAfter(text, []byte("\n"))
	if len(list[len(list)-1]) == 0 {
		list = list[:len(list)-1]
	}
	return list
}

// change replaces the lines [a0, a1) of the old text by the lines [b0, b1) of
// the new text. Lines are counted from 0.
type change struct{ a0, a1, b0, b1 int }

// hunk is a group of changes that are close to each other.
type hunk struct {
	change  // the range of the hunk, with the equal lines around the changes
	changes []change
}

// hunks groups changes with adjacent or overlapping contexts.
func hunks(changes []change, oldLines int) []hunk {
	var list []hunk
	for _, c := range changes {
		before, after := min(context, c.a0), min(context, oldLines-c.a1)
		whole := change{c.a0 - before, c.a1 + after, c.b0 - before, c.b1 + after}
		if last := len(list) - 1; last >= 0 && whole.a0 <= list[last].a1 {
			list[last].a1, list[last].b1 = whole.a1, whole.b1
			list[last].changes = append(list[last].changes, c)
			continue
		}
		list = append(list, hunk{whole, []change{c}})
	}
	return list
}

func (h hunk) write(out *bytes.Buffer, a, b [][]byte) {
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(h.a0, h.a1), span(h.b0, h.b1))
	at := h.a0
	for _, c := range h.changes {
		write(out, ' ', a[at:c.a0])
		write(out, '-', a[c.a0:c.a1])
		write(out, '+', b[c.b0:c.b1])
		at = c.a1
	}
	write(out, ' ', a[at:h.a1])
}

// span formats a range of lines for the header of a hunk. Lines are counted
// from 1, and a length of 1 is left out. An empty range has the number of the
// line before it.
func span(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

func write(out *bytes.Buffer, sign byte, list [][]byte) {
	for _, line := range list {
		out.WriteByte(sign)
		out.Write(line)
		if !bytes.HasSuffix(line, []byte("\n")) {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
