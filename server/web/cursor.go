package web

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/google/uuid"
)

// EncodeText is the cursor of the page after the row with a name of its own, such as a code.
func EncodeText(name string) *string {
	cursor := base64.RawURLEncoding.EncodeToString([]byte(name))
	return &cursor
}

// DecodeText is the name behind a cursor that EncodeText made; "" where there is none.
func DecodeText(cursor string) (string, error) {
	name, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return "", BadCursor(cursor)
	}
	return string(name), nil
}

// BadCursor is the problem of a cursor that this API has not made.
func BadCursor(cursor string) *Problem {
	return NewProblem(InvalidCursor, "cursor must be the next of an earlier answer").At("query.cursor", cursor)
}

// EncodeCursor is the cursor of the page after the row with an id.
func EncodeCursor(id uuid.UUID) *string { return EncodeText(string(id[:])) }

// DecodeCursor is the id behind a cursor; uuid.Nil where there is none.
func DecodeCursor(cursor string) (id uuid.UUID, err error) {
	text, err := DecodeText(cursor)
	if err != nil || text == "" {
		return id, err
	}
	if len(text) != len(id) || uuid.UUID([]byte(text)) == uuid.Nil {
		return id, BadCursor(cursor)
	}
	return uuid.UUID([]byte(text)), nil
}

// Place is where a list goes on that is sorted by something else than ids: behind the row with this value and this id.
type Place struct {
	Value string
	ID    uuid.UUID
}

// marked is how many bytes of the hash of a question stand in a cursor.
const marked = 8

// Encode is the cursor of the page after the place, in the answer to a question: whatever text tells it from others.
func (p Place) Encode(question string) *string {
	hash := sha256.Sum256([]byte(question))
	return EncodeText(string(slices.Concat(hash[:marked], p.ID[:], []byte(p.Value))))
}

// DecodePlace is the place behind a cursor that Encode made for the same question; the zero Place where there is none.
func DecodePlace(cursor, question string) (Place, error) {
	text, err := DecodeText(cursor)
	if err != nil || text == "" {
		return Place{}, err
	}
	bytes := []byte(text)
	if len(bytes) < marked+len(uuid.UUID{}) || uuid.UUID(bytes[marked:marked+16]) == uuid.Nil {
		return Place{}, BadCursor(cursor)
	}
	if hash := sha256.Sum256([]byte(question)); string(hash[:marked]) != string(bytes[:marked]) {
		return Place{}, NewProblem(InvalidCursor, "this cursor belongs to another question: keep filters and sort as they were, or ask for the first page without a cursor").
			At("query.cursor", cursor)
	}
	return Place{Value: string(bytes[marked+16:]), ID: uuid.UUID(bytes[marked : marked+16])}, nil
}
