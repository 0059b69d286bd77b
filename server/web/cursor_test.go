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

func TestPlaceBelongsToItsQuestion(t *testing.T) {
	t.Parallel()
	place := Place{Value: "噪声", ID: uuid.New()}
	cursor := *place.Encode("a")
	if got, err := DecodePlace(cursor, "a"); err != nil || got != place {
		t.Errorf("%v came back as %v, %v", place, got, err)
	}
	if got, err := DecodePlace("", "a"); err != nil || got != (Place{}) {
		t.Errorf("no cursor is %v, %v", got, err)
	}
	_, another := DecodePlace(cursor, "b")
	if p, ok := AsProblem(another); !ok || p.Code != InvalidCursor || !strings.Contains(p.Detail, "another question") {
		t.Errorf("another question: %v", another)
	}
	for _, cursor := range []string{"x", "äöü", *EncodeCursor(uuid.New()), *Place{}.Encode("a"), cursor[:20]} {
		_, err := DecodePlace(cursor, "a")
		if p, ok := AsProblem(err); !ok || p.Code != InvalidCursor || p.Errors[0].Location != "query.cursor" {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}
