package web

// Output is an answer with a JSON body and nothing else.
type Output[T any] struct{ Body T }

// Items is a list that comes whole.
type Items[T any] struct {
	Items []T `json:"items"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next" doc:"Cursor of the next page; null on the last"`
}
