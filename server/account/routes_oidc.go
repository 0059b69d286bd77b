package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/web"
)

// attemptCookie keeps an attempt in the browser, for as long as a person may take at the provider.
const (
	attemptCookie = "jingwei_sign_on"
	attemptTime   = 10 * time.Minute
)

type (
	beginSignOnInput struct {
		Return string `query:"return" default:"/" maxLength:"1000" doc:"Path of the page to come back to"`
	}
	finishSignOnInput struct {
		Attempt string `cookie:"jingwei_sign_on" hidden:"true"`
		State   string `query:"state" doc:"Sent by the provider, as the others"`
		Code    string `query:"code"`
		Error   string `query:"error"`
	}
	redirectOutput struct {
		Status       int
		Location     string        `header:"Location"`
		SetCookie    []http.Cookie `header:"Set-Cookie"`
		CacheControl string        `header:"Cache-Control"`
	}
)

// SignOnRoutes registers the way to a provider of single sign-on and back.
func SignOnRoutes(server *web.Server, s *Service) {
	tags := []string{"session"}
	huma.Register(server.API, huma.Operation{
		OperationID: "begin-single-sign-on", Method: http.MethodGet, Path: "/api/v1/session/oidc", Tags: tags, DefaultStatus: http.StatusFound,
		Summary: "Send the browser to the provider of single sign-on",
	}, func(ctx context.Context, in *beginSignOnInput) (*redirectOutput, error) {
		if !localPath(in.Return) {
			return nil, web.NewProblem(web.Invalid, "return must be the path of a page of this server, such as /wall").At("query.return", in.Return)
		}
		if s.provider == nil {
			return nil, errNoProvider()
		}
		a, address, err := s.provider.begin(ctx, in.Return)
		if err != nil {
			return nil, err
		}
		return redirect(address, s.attemptCookie(encodeAttempt(a), attemptTime)), nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "finish-single-sign-on", Method: http.MethodGet, Path: CallbackPath, Tags: tags, DefaultStatus: http.StatusFound,
		Summary: "Where the provider sends the browser back to: logs in and goes on to the page, or to /login?problem=",
	}, func(ctx context.Context, in *finishSignOnInput) (*redirectOutput, error) {
		page, cookie, err := s.signOn(ctx, decodeAttempt(in.Attempt), url.Values{"state": {in.State}, "code": {in.Code}, "error": {in.Error}})
		if err != nil {
			return nil, err
		}
		cookies := []http.Cookie{s.attemptCookie("", -time.Second)} // an attempt is good once
		if cookie != nil {
			cookies = append(cookies, *cookie)
		}
		return redirect(page, cookies...), nil
	})
}

func redirect(address string, cookies ...http.Cookie) *redirectOutput {
	return &redirectOutput{Status: http.StatusFound, Location: address, SetCookie: cookies, CacheControl: "no-store"}
}

// attemptCookie comes back from nowhere but the provider's answer. It is Lax, because that answer begins at another site.
func (s *Service) attemptCookie(value string, life time.Duration) http.Cookie {
	return http.Cookie{ //nolint:gosec // G124: Secure where the public address is https
		Name: attemptCookie, Value: value, Path: path.Dir(CallbackPath), MaxAge: int(life.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.rules.Secure,
	}
}

func encodeAttempt(a attempt) string {
	text, _ := json.Marshal(a) // strings alone
	return base64.RawURLEncoding.EncodeToString(text)
}

// decodeAttempt is empty where the browser sends none, or something else.
func decodeAttempt(value string) (a attempt) {
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(text, &a) != nil {
		return attempt{}
	}
	return a
}
