package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Code tells a machine what went wrong; it never changes once it is published.
type Code string

// The codes of every problem that the API answers with. statusOf holds their HTTP status.
const (
	BadRequest          Code = "bad_request"            // the request cannot be read at all
	Invalid             Code = "invalid"                // readable, but a value is wrong; errors name the places
	InvalidCoordinate   Code = "invalid_coordinate"     // not a longitude and latitude
	InvalidCursor       Code = "invalid_cursor"         // the cursor was not made by this API
	UnknownItem         Code = "unknown_item"           // no such entry in the catalogue
	LoginRequired       Code = "login_required"         // the public may not do this
	WrongCredentials    Code = "wrong_credentials"      //nolint:gosec // unknown login or wrong password: which one is not said. G101 takes the name for a password
	SecondFactorNeeded  Code = "second_factor_required" // password right, the code of the second factor is missing or wrong
	InvalidToken        Code = "invalid_token"          // an API token that is unknown, expired or revoked
	Forbidden           Code = "forbidden"              // logged in, but without the right
	PasswordExpired     Code = "password_expired"       // nothing goes on before the password is changed
	CrossOrigin         Code = "cross_origin"           // a browser sent this from another site
	WeakPassword        Code = "weak_password"          // against the rules for passwords
	Conflict            Code = "conflict"               // the name is taken, or the state does not allow it
	Stale               Code = "stale"                  // If-Match names an older version
	TooMany             Code = "too_many_requests"      // Retry-After says when to try again
	NotFound            Code = "not_found"              // no such resource
	MethodNotAllowed    Code = "method_not_allowed"     //
	NotAcceptable       Code = "not_acceptable"         //
	NumberReused        Code = "number_reused"          // the same number of a source with another report
	KeyReused           Code = "idempotency_key_reuse"  // the same Idempotency-Key with another body
	TooLarge            Code = "too_large"              // the body is over the operation's limit
	UnsupportedMedia    Code = "unsupported_media_type"
	Timeout             Code = "timeout"
	Internal            Code = "internal"             // our fault; the log has the request id
	DatabaseUnavailable Code = "database_unavailable" // PostGIS is away; try again
	Overloaded          Code = "overloaded"           // not done within the time for it; try again
	ProviderUnavailable Code = "provider_unavailable" // the provider of single sign-on is away; try again
)

var statusOf = map[Code]int{
	BadRequest: http.StatusBadRequest, Invalid: http.StatusUnprocessableEntity, InvalidCoordinate: http.StatusUnprocessableEntity,
	InvalidCursor: http.StatusUnprocessableEntity, UnknownItem: http.StatusUnprocessableEntity, NotFound: http.StatusNotFound,
	LoginRequired: http.StatusUnauthorized, WrongCredentials: http.StatusUnauthorized, SecondFactorNeeded: http.StatusUnauthorized,
	InvalidToken: http.StatusUnauthorized, Forbidden: http.StatusForbidden, PasswordExpired: http.StatusForbidden, CrossOrigin: http.StatusForbidden,
	WeakPassword: http.StatusUnprocessableEntity, Conflict: http.StatusConflict, Stale: http.StatusPreconditionFailed, TooMany: http.StatusTooManyRequests,
	MethodNotAllowed: http.StatusMethodNotAllowed, NotAcceptable: http.StatusNotAcceptable,
	KeyReused: http.StatusUnprocessableEntity, NumberReused: http.StatusConflict, TooLarge: http.StatusRequestEntityTooLarge, UnsupportedMedia: http.StatusUnsupportedMediaType,
	Timeout: http.StatusRequestTimeout, Internal: http.StatusInternalServerError,
	DatabaseUnavailable: http.StatusServiceUnavailable, Overloaded: http.StatusServiceUnavailable,
	ProviderUnavailable: http.StatusServiceUnavailable,
}

// codeOf gives the general code of a status that echo or huma chose.
func codeOf(status int) Code {
	switch status {
	case http.StatusUnauthorized:
		return LoginRequired
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusMethodNotAllowed:
		return MethodNotAllowed
	case http.StatusNotAcceptable:
		return NotAcceptable
	case http.StatusRequestTimeout:
		return Timeout
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed:
		return Stale
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusUnsupportedMediaType:
		return UnsupportedMedia
	case http.StatusUnprocessableEntity:
		return Invalid
	case http.StatusTooManyRequests:
		return TooMany
	}
	if status >= http.StatusInternalServerError {
		return Internal
	}
	return BadRequest
}

// Problem is an error as RFC 9457 describes it, with a code for machines. Services return it too, so that the command
// line prints the same sentence as HTTP.
type Problem struct {
	Type   string              `json:"type" example:"about:blank" doc:"URI of the kind of problem"`
	Title  string              `json:"title" doc:"The HTTP status in words"`
	Status int                 `json:"status" doc:"The HTTP status"`
	Detail string              `json:"detail" doc:"What is wrong here, and the remedy"`
	Code   Code                `json:"code" doc:"Stable code of the problem"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" doc:"Each wrong value and its place"`
}

// NewProblem is a problem with one of the codes and a sentence that says what is wrong and what to do.
func NewProblem(code Code, detail string) *Problem {
	status := statusOf[code]
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// TooBusy is the problem of a server that has more to do than it can within a while, as 429: nothing was begun, and wait tells when to come
// again. Overloaded itself, as 503, says that something was begun and not finished in time.
func TooBusy(wait time.Duration, detail string) error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	p := NewProblem(Overloaded, fmt.Sprintf("%s; try again in %d s", detail, seconds))
	p.Status, p.Title = http.StatusTooManyRequests, http.StatusText(http.StatusTooManyRequests)
	return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {fmt.Sprint(seconds)}})
}

// At adds the place of a wrong value, such as "query.lon" or "body.item".
func (p *Problem) At(location string, value any) *Problem {
	detail := &huma.ErrorDetail{Location: location, Message: p.Detail}
	if value != nil {
		detail.Value = fmt.Sprint(value) // as text: JSON has no NaN
	}
	p.Errors = append(p.Errors, detail)
	return p
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus gives huma the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes huma answer with application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// AsProblem finds the Problem in an error's chain.
func AsProblem(err error) (*Problem, bool) {
	var p *Problem
	ok := errors.As(err, &p)
	return p, ok
}
