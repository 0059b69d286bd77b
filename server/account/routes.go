package account

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/web"
)

// SessionState is who asks, and what that is good for.
type SessionState struct {
	Account      *SessionAccount `json:"account" doc:"null where nobody is logged in"`
	Actions      []access.Action `json:"actions" doc:"What is allowed somewhere"`
	Areas        SessionAreas    `json:"areas" doc:"Where incident.read is allowed"`
	SingleSignOn *SingleSignOn   `json:"single_sign_on" doc:"null where it is not configured"`
	Demo         []DemoResource  `json:"demo" doc:"Demo accounts; empty unless the server answers on its own machine only, and is asked there"`
}

// SessionAccount is the own account.
type SessionAccount struct {
	ID                uuid.UUID     `json:"id" format:"uuid"`
	Login             string        `json:"login"`
	Name              string        `json:"name"`
	Roles             []SessionRole `json:"roles"`
	Must              string        `json:"must" enum:",change_password" doc:"What has to be done before anything else"`
	SecondFactor      bool          `json:"second_factor"`
	PasswordExpiresAt *time.Time    `json:"password_expires_at" doc:"null where it does not expire"`
}

// SessionRole is a role on an area and all below it.
type SessionRole struct {
	Role     access.Role `json:"role"`
	Area     string      `json:"area" doc:"Code; empty is the whole installation"`
	AreaName string      `json:"area_name"`
	Level    string      `json:"level"`
}

// SessionAreas is a set of subtrees of the area tree.
type SessionAreas struct {
	All   bool     `json:"all"`
	Codes []string `json:"codes" doc:"Each with everything below it"`
}

// SingleSignOn is the provider at GET /api/v1/session/oidc.
type SingleSignOn struct {
	Name string `json:"name" doc:"For the button"`
}

// DemoResource is a demo account.
type DemoResource struct {
	Login    string      `json:"login"`
	Password string      `json:"password"`
	Role     access.Role `json:"role"`
	AreaName string      `json:"area_name" doc:"Empty on the whole installation"`
}

// OwnSession is a place where one is logged in.
type OwnSession struct {
	SessionResource
	Current bool `json:"current" doc:"The session that asks"`
}

type (
	logInInput struct {
		Body struct {
			Login    string `json:"login" maxLength:"200"`
			Password string `json:"password" maxLength:"1000" format:"password"`
			Code     string `json:"code,omitempty" maxLength:"100" doc:"Of the second factor, where there is one: six digits, or a recovery code"`
		}
	}
	sessionOutput struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
		Body      SessionState
	}
	cookieOutput struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
	}
	changePasswordInput struct {
		Body struct {
			Current string `json:"current" maxLength:"1000" format:"password"`
			New     string `json:"new" maxLength:"1000" format:"password" doc:"weak_password names each rule that it breaks"`
		}
	}
	passwordInput struct {
		Body struct {
			Password string `json:"password" maxLength:"1000" format:"password"`
		}
	}
	offerBody struct {
		Secret string `json:"secret" doc:"Base32, for typing into an authenticator"`
		URI    string `json:"uri" doc:"otpauth://totp/…"`
		QR     string `json:"qr" doc:"The URI as a picture: data:image/png;base64,…"`
	}
	codeInput struct {
		Body struct {
			Code string `json:"code" maxLength:"100"`
		}
	}
	recoveryOutput struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
		Body      struct {
			RecoveryCodes []string `json:"recovery_codes" doc:"Shown once; each replaces a code once"`
		}
	}
	proofInput struct {
		Body struct {
			Password string `json:"password" maxLength:"1000" format:"password"`
			Code     string `json:"code" maxLength:"100" doc:"Of the second factor, or a recovery code"`
		}
	}
	sessionInput struct {
		ID uuid.UUID `path:"id" format:"uuid"`
	}
)

// Routes registers /api/v1/session and /api/v1/account.
func Routes(server *web.Server, s *Service) {
	s.sessionRoutes(server)
	s.ownRoutes(server)
}

func (s *Service) sessionRoutes(server *web.Server) {
	tags := []string{"session"}
	huma.Register(server.API, huma.Operation{
		OperationID: "find-session", Method: http.MethodGet, Path: "/api/v1/session", Tags: tags, Summary: "Who is logged in, and what is allowed",
	}, func(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
		state, err := s.state(ctx, nil)
		return &sessionOutput{Body: state}, err
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "log-in", Method: http.MethodPost, Path: "/api/v1/session", Tags: tags, Summary: "Log in", MaxBodyBytes: 8 << 10,
		Description: "wrong_credentials does not tell whether the login exists. After five wrong tries too_many_requests turns every further one away, right or " +
			"wrong, for the time in Retry-After: a minute, and twice as long after each further wrong one, up to an hour. second_factor_required says that the password " +
			"is right and that code is missing or wrong. The answer sets the session's cookie.",
	}, func(ctx context.Context, in *logInInput) (*sessionOutput, error) {
		a, cookie, err := s.LogIn(ctx, in.Body.Login, in.Body.Password, in.Body.Code)
		if err != nil {
			return nil, err
		}
		state, err := s.state(ctx, a)
		return &sessionOutput{SetCookie: []http.Cookie{*cookie}, Body: state}, err
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "log-out", Method: http.MethodDelete, Path: "/api/v1/session", Tags: tags, Summary: "Log out", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*cookieOutput, error) { return withCookie(s.LogOut(ctx)) })
}

func (s *Service) ownRoutes(server *web.Server) {
	register := func(id, method, path, summary, description string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/account/" + path, Tags: []string{"account"}, Summary: summary, Description: description,
			DefaultStatus: status, MaxBodyBytes: 8 << 10,
		}
	}
	huma.Register(server.API, register("change-password", http.MethodPut, "password", "Change the own password",
		"Ends the other sessions and renews this one's cookie. A wrong current password counts as a wrong try to log in.", http.StatusNoContent),
		func(ctx context.Context, in *changePasswordInput) (*cookieOutput, error) {
			return withCookie(s.ChangePassword(ctx, in.Body.Current, in.Body.New))
		})
	huma.Register(server.API, register("offer-second-factor", http.MethodPost, "second-factor", "Make the secret of a second factor",
		"For an authenticator app (TOTP, RFC 6238). It is in force once a code was confirmed with PUT.", http.StatusOK),
		func(ctx context.Context, in *passwordInput) (*web.Output[offerBody], error) {
			offer, err := s.OfferFactor(ctx, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return &web.Output[offerBody]{Body: offerBody(*offer)}, nil
		})
	huma.Register(server.API, register("confirm-second-factor", http.MethodPut, "second-factor", "Put the second factor into force by a code",
		"From now on logging in takes a code, too. The answer has the recovery codes, which can be seen only now.", http.StatusOK),
		func(ctx context.Context, in *codeInput) (*recoveryOutput, error) {
			codes, cookie, err := s.ConfirmFactor(ctx, in.Body.Code)
			if err != nil {
				return nil, err
			}
			out := &recoveryOutput{SetCookie: []http.Cookie{*cookie}}
			out.Body.RecoveryCodes = codes
			return out, nil
		})
	huma.Register(server.API, register("remove-second-factor", http.MethodPost, "second-factor/remove", "Remove the own second factor", "", http.StatusNoContent),
		func(ctx context.Context, in *proofInput) (*cookieOutput, error) {
			return withCookie(s.RemoveFactor(ctx, in.Body.Password, in.Body.Code))
		})
	huma.Register(server.API, register("list-sessions", http.MethodGet, "sessions", "List where one is logged in, the newest first", "", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*web.Output[web.Items[OwnSession]], error) {
			sessions, err := s.Sessions(ctx)
			if err != nil {
				return nil, err
			}
			out := &web.Output[web.Items[OwnSession]]{Body: web.Items[OwnSession]{Items: make([]OwnSession, len(sessions))}}
			for i, v := range sessions {
				out.Body.Items[i] = OwnSession{SessionResource(v), v.ID == access.From(ctx).Session}
			}
			return out, nil
		})
	huma.Register(server.API, register("end-session", http.MethodDelete, "sessions/{id}", "End one of the own sessions", "", http.StatusNoContent),
		func(ctx context.Context, in *sessionInput) (*struct{}, error) { return nil, s.EndSession(ctx, in.ID) })
	huma.Register(server.API, register("end-other-sessions", http.MethodDelete, "sessions", "End all own sessions but this one", "", http.StatusNoContent),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) { return nil, s.EndOtherSessions(ctx) })
}

func withCookie(cookie *http.Cookie, err error) (*cookieOutput, error) {
	if err != nil {
		return nil, err
	}
	return &cookieOutput{[]http.Cookie{*cookie}}, nil
}

// state tells of an account that has just logged in; nil is whoever asks.
func (s *Service) state(ctx context.Context, a *Account) (state SessionState, err error) {
	actor := access.From(ctx)
	switch {
	case a != nil:
		actor = s.person(a, &Session{})
	case actor.Via == access.ViaSession:
		a = visitOf(ctx).account
	case actor.Via == access.ViaToken:
		if a, err = s.find(ctx, s.pool, actor.Account); err != nil {
			return state, err
		}
	}
	state = SessionState{Actions: []access.Action{}, Areas: SessionAreas{Codes: []string{}}, Demo: []DemoResource{}}
	for _, action := range access.Actions() {
		if !access.Within(actor, action).Empty() {
			state.Actions = append(state.Actions, action)
		}
	}
	scope := access.Within(actor, access.IncidentRead)
	state.Areas.All = scope.All
	for _, area := range scope.Areas {
		state.Areas.Codes = append(state.Areas.Codes, area.Code)
	}
	if s.provider != nil {
		state.SingleSignOn = &SingleSignOn{s.provider.Name}
	}
	if a != nil {
		state.Account = s.own(a)
		return state, nil
	}
	logins, err := s.DemoLogins(ctx)
	for _, l := range logins {
		state.Demo = append(state.Demo, DemoResource(l))
	}
	return state, err
}

func (s *Service) own(a *Account) *SessionAccount {
	own := &SessionAccount{
		ID: a.ID, Login: a.Login, Name: a.Name, Roles: make([]SessionRole, len(a.Grants)), SecondFactor: a.SecondFactor(), PasswordExpiresAt: s.passwordExpiresAt(a),
	}
	for i, g := range a.Grants {
		own.Roles[i] = SessionRole{g.Role, g.Area, s.areaName(g.Area), g.Level}
	}
	if s.mustChange(a) {
		own.Must = "change_password"
	}
	return own
}
