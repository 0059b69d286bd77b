package db

import "strings"

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// TextArray is a list as PostgreSQL writes a text[]. It stands for one in a text[] of many, as unnest takes lists of one length only.
func TextArray(list []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		_, _ = quoted.WriteString(&b, s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
