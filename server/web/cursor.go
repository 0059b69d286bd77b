package web

import (
	"encoding/base64"

	"github.com/google/uuid"
)

// EncodeCursor is the cursor of the page after the row with an id.
func EncodeCursor(id uuid.UUID) *string {
	cursor := base64.RawURLEncoding.EncodeToString(id[:])
	return &cursor
}

// DecodeCursor is the id behind a cursor; uuid.Nil where there is none.
func DecodeCursor(cursor string) (id uuid.UUID, err error) {
	if cursor == "" {
		return id, nil
	}
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(bytes) != len(id) || uuid.UUID(bytes) == uuid.Nil {
		return id, NewProblem(InvalidCursor, "cursor must be the next of an earlier answer").At("query.cursor", cursor)
	}
	return uuid.UUID(bytes), nil
}
