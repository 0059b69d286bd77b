package web

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	if got, err := DecodeCursor(*EncodeCursor(id)); err != nil || got != id {
		t.Errorf("%s came back as %s, %v", id, got, err)
	}
	if got, err := DecodeCursor(""); err != nil || got != uuid.Nil {
		t.Errorf("no cursor is %s, %v", got, err)
	}
	for _, cursor := range []string{"x", "äöü", *EncodeCursor(uuid.Nil), *EncodeCursor(id) + "AA", strings.Repeat("A", 20), strings.Repeat("A", 21) + "B"} {
		_, err := DecodeCursor(cursor)
		if p, ok := AsProblem(err); !ok || p.Code != InvalidCursor || len(p.Errors) != 1 || p.Errors[0].Location != "query.cursor" {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}
