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

// AccountResource is an account as administrators see it.
type AccountResource struct {
	ID           uuid.UUID       `json:"id" format:"uuid"`
	Login        string          `json:"login"`
	Name         string          `json:"name"`
	Kind         Kind            `json:"kind" enum:"person,machine"`
	Roles        []GrantResource `json:"roles" doc:"Those that have not expired"`
	Disabled     bool            `json:"disabled"`
	LockedUntil  *time.Time      `json:"locked_until" doc:"After wrong passwords; null where it is not locked"`
	SecondFactor bool            `json:"second_factor"`
	SingleSignOn bool            `json:"single_sign_on" doc:"Linked to a subject of the provider, or waiting for one because it has no password"`
	Demo         bool            `json:"demo"`
	CreatedAt    time.Time       `json:"created_at"`
	LastLoginAt  *time.Time      `json:"last_login_at"`
	Version      int             `json:"version" doc:"Changes with every change; the ETag"`
}

// GrantResource is a role on an area and all below it.
type GrantResource struct {
	ID        uuid.UUID   `json:"id" format:"uuid"`
	Role      access.Role `json:"role"`
	Area      string      `json:"area" doc:"Code; empty is the whole installation"`
	AreaName  string      `json:"area_name" doc:"Empty where the area is gone"`
	Level     string      `json:"level"`
	ExpiresAt *time.Time  `json:"expires_at"`
	GrantedBy string      `json:"granted_by"`
	GrantedAt time.Time   `json:"granted_at"`
}

// RoleResource is a role and what it allows.
type RoleResource struct {
	Role          access.Role     `json:"role"`
	Actions       []access.Action `json:"actions"`
	Administrator bool            `json:"administrator" doc:"Granted on the whole installation, and alone"`
}

// TokenSecret is a new token with its text.
type TokenSecret struct {
	Token
	Text string `json:"token" doc:"Shown once: jw_…"`
}

// SessionResource is a place where a person is logged in, as administrators see it.
type SessionResource struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	EndsAt    time.Time `json:"ends_at"`
	Address   string    `json:"address"`
	Agent     string    `json:"agent"`
}

// AccountPath is the account that a request is about. (Exported, because huma sets no fields of an embedded type that is not.)
type AccountPath struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type (
	accountOutput struct {
		ETag string `header:"ETag"`
		Body AccountResource
	}
	listAccountsInput struct {
		Text   string      `query:"q" maxLength:"100" doc:"In the login or the name"`
		Role   access.Role `query:"role" enum:"viewer,worker,handler,dispatcher,planner,system_admin,security_admin,auditor"`
		State  Standing    `query:"state" enum:"active,disabled,locked"`
		Limit  int         `query:"limit" minimum:"1" maximum:"200" default:"50"`
		Cursor string      `query:"cursor" maxLength:"100"`
	}
	createAccountInput struct {
		Body struct {
			Login        string `json:"login" minLength:"2" maxLength:"64"`
			Name         string `json:"name" minLength:"1" maxLength:"400"`
			Kind         Kind   `json:"kind,omitempty" enum:"person,machine" default:"person"`
			SingleSignOn bool   `json:"single_sign_on,omitempty" doc:"No password is made: whoever the provider calls by this login takes the account at the first log-in"`
		}
	}
	createAccountOutput struct {
		Location string `header:"Location"`
		ETag     string `header:"ETag"`
		Body     struct {
			Account  AccountResource `json:"account"`
			Password *string         `json:"password" doc:"Shown once, has to be changed at the first log-in; null where there is none"`
		}
	}
	changeAccountInput struct {
		AccountPath
		IfMatch string `header:"If-Match" required:"true" doc:"The ETag of the account that is changed"`
		Body    struct {
			Name     *string `json:"name,omitempty" maxLength:"400"`
			Disabled *bool   `json:"disabled,omitempty"`
		}
	}
	initialPassword struct {
		Password string `json:"password" doc:"Shown once, has to be changed at the first log-in"`
	}
	createGrantInput struct {
		AccountPath
		Body struct {
			Role      access.Role `json:"role" enum:"viewer,worker,handler,dispatcher,planner,system_admin,security_admin,auditor"`
			Area      string      `json:"area,omitempty" maxLength:"32" doc:"Code; left out or empty: the whole installation"`
			ExpiresAt *time.Time  `json:"expires_at,omitempty" doc:"At most ten years ahead; left out: never"`
		}
	}
	grantInput struct {
		AccountPath
		Grant uuid.UUID `path:"grant" format:"uuid"`
	}
	createTokenInput struct {
		AccountPath
		Body struct {
			Name      string          `json:"name" minLength:"1" maxLength:"400"`
			Scopes    []access.Action `json:"scopes" minItems:"1" maxItems:"50"`
			ExpiresAt time.Time       `json:"expires_at" doc:"At most a year ahead"`
		}
	}
	tokenInput struct {
		AccountPath
		Token uuid.UUID `path:"token" format:"uuid"`
	}
)

// AdminRoutes registers /api/v1/accounts and /api/v1/roles.
func AdminRoutes(server *web.Server, s *Service) {
	s.roleRoutes(server)
	s.accountRoutes(server)
	s.grantRoutes(server)
	s.tokenRoutes(server)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1/" + path, Summary: summary, Tags: []string{"administration"}, DefaultStatus: status, MaxBodyBytes: 16 << 10,
	}
}

func (s *Service) roleRoutes(server *web.Server) {
	huma.Register(server.API, operation("list-roles", http.MethodGet, "roles", "List the roles and what each allows", http.StatusOK),
		func(context.Context, *struct{}) (*web.Output[web.Items[RoleResource]], error) {
			out := &web.Output[web.Items[RoleResource]]{}
			for _, role := range access.Roles {
				r := RoleResource{Role: role, Administrator: role.IsAdministrator()}
				for _, action := range access.Actions() {
					if role.Allows(action) {
						r.Actions = append(r.Actions, action)
					}
				}
				out.Body.Items = append(out.Body.Items, r)
			}
			return out, nil
		})
}

func (s *Service) accountRoutes(server *web.Server) {
	huma.Register(server.API, operation("list-accounts", http.MethodGet, "accounts", "List accounts by login", http.StatusOK),
		func(ctx context.Context, in *listAccountsInput) (*web.Output[web.Page[AccountResource]], error) {
			after, err := web.DecodeText(in.Cursor)
			if err != nil {
				return nil, err
			}
			if after != "" && !loginPattern.MatchString(after) {
				return nil, web.BadCursor(in.Cursor)
			}
			accounts, more, err := s.List(ctx, Filter{Text: in.Text, Role: in.Role, State: in.State, After: after}, in.Limit)
			if err != nil {
				return nil, err
			}
			out := &web.Output[web.Page[AccountResource]]{}
			out.Body.Items = make([]AccountResource, len(accounts))
			for i, a := range accounts {
				out.Body.Items[i] = s.resource(a)
			}
			if more {
				out.Body.Next = web.EncodeText(accounts[len(accounts)-1].Login)
			}
			return out, nil
		})
	huma.Register(server.API, operation("create-account", http.MethodPost, "accounts", "Make an account without roles", http.StatusCreated),
		func(ctx context.Context, in *createAccountInput) (*createAccountOutput, error) {
			a, password, err := s.Create(ctx, NewAccount{Login: in.Body.Login, Name: in.Body.Name, Kind: in.Body.Kind, SingleSignOn: in.Body.SingleSignOn})
			if err != nil {
				return nil, err
			}
			out := &createAccountOutput{Location: "/api/v1/accounts/" + a.ID.String(), ETag: web.ETag(a.Version)}
			out.Body.Account = s.resource(a)
			if password != "" {
				out.Body.Password = &password
			}
			return out, nil
		})
	huma.Register(server.API, operation("find-account", http.MethodGet, "accounts/{id}", "Find an account by its id", http.StatusOK),
		func(ctx context.Context, in *AccountPath) (*accountOutput, error) {
			a, err := s.Find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &accountOutput{ETag: web.ETag(a.Version), Body: s.resource(a)}, nil
		})
	huma.Register(server.API, operation("change-account", http.MethodPatch, "accounts/{id}", "Rename, disable or enable an account", http.StatusOK),
		func(ctx context.Context, in *changeAccountInput) (*accountOutput, error) {
			version, err := web.ParseETag(in.IfMatch)
			if err != nil {
				return nil, err
			}
			a, err := s.Change(ctx, in.ID, version, Change{Name: in.Body.Name, Disabled: in.Body.Disabled})
			if err != nil {
				return nil, err
			}
			return &accountOutput{ETag: web.ETag(a.Version), Body: s.resource(a)}, nil
		})
	huma.Register(server.API, operation("reset-password", http.MethodPost, "accounts/{id}/password", "Give a person a new initial password", http.StatusOK),
		func(ctx context.Context, in *AccountPath) (*web.Output[initialPassword], error) {
			password, err := s.ResetPassword(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &web.Output[initialPassword]{Body: initialPassword{password}}, nil
		})
	huma.Register(server.API, operation("reset-second-factor", http.MethodPost, "accounts/{id}/second-factor/remove", "Remove a lost second factor", http.StatusNoContent),
		func(ctx context.Context, in *AccountPath) (*struct{}, error) { return nil, s.ResetFactor(ctx, in.ID) })
	huma.Register(server.API, operation("unlock-account", http.MethodPost, "accounts/{id}/unlock", "Let a login be tried again before its time", http.StatusNoContent),
		func(ctx context.Context, in *AccountPath) (*struct{}, error) { return nil, s.Unlock(ctx, in.ID) })
	huma.Register(server.API, operation("list-account-sessions", http.MethodGet, "accounts/{id}/sessions", "List where a person is logged in", http.StatusOK),
		func(ctx context.Context, in *AccountPath) (*web.Output[web.Items[SessionResource]], error) {
			sessions, err := s.SessionsOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := &web.Output[web.Items[SessionResource]]{Body: web.Items[SessionResource]{Items: make([]SessionResource, len(sessions))}}
			for i, v := range sessions {
				out.Body.Items[i] = SessionResource(v)
			}
			return out, nil
		})
	huma.Register(server.API, operation("end-account-sessions", http.MethodDelete, "accounts/{id}/sessions", "Log a person out everywhere", http.StatusNoContent),
		func(ctx context.Context, in *AccountPath) (*struct{}, error) {
			return nil, s.EndSessionsOf(ctx, in.ID)
		})
}

func (s *Service) grantRoutes(server *web.Server) {
	huma.Register(server.API, operation("create-grant", http.MethodPost, "accounts/{id}/grants", "Grant a role on an area and all below it", http.StatusCreated),
		func(ctx context.Context, in *createGrantInput) (*web.Output[GrantResource], error) {
			g, err := s.Grant(ctx, in.ID, NewGrant{Role: in.Body.Role, Area: in.Body.Area, ExpiresAt: in.Body.ExpiresAt})
			if err != nil {
				return nil, err
			}
			return &web.Output[GrantResource]{Body: s.grantResource(g)}, nil
		})
	huma.Register(server.API, operation("delete-grant", http.MethodDelete, "accounts/{id}/grants/{grant}", "Take a role away", http.StatusNoContent),
		func(ctx context.Context, in *grantInput) (*struct{}, error) {
			return nil, s.Revoke(ctx, in.ID, in.Grant)
		})
}

func (s *Service) tokenRoutes(server *web.Server) {
	huma.Register(server.API, operation("list-tokens", http.MethodGet, "accounts/{id}/tokens", "List an account's API tokens, the newest first", http.StatusOK),
		func(ctx context.Context, in *AccountPath) (*web.Output[web.Items[Token]], error) {
			tokens, err := s.Tokens(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &web.Output[web.Items[Token]]{Body: web.Items[Token]{Items: append([]Token{}, tokens...)}}, nil
		})
	huma.Register(server.API, operation("create-token", http.MethodPost, "accounts/{id}/tokens", "Make an API token for a machine", http.StatusCreated),
		func(ctx context.Context, in *createTokenInput) (*web.Output[TokenSecret], error) {
			t, text, err := s.CreateToken(ctx, in.ID, NewToken{Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresAt: in.Body.ExpiresAt})
			if err != nil {
				return nil, err
			}
			return &web.Output[TokenSecret]{Body: TokenSecret{t, text}}, nil
		})
	huma.Register(server.API, operation("revoke-token", http.MethodDelete, "accounts/{id}/tokens/{token}", "End an API token at once", http.StatusNoContent),
		func(ctx context.Context, in *tokenInput) (*struct{}, error) {
			return nil, s.RevokeToken(ctx, in.ID, in.Token)
		})
}

func (s *Service) resource(a *Account) AccountResource {
	r := AccountResource{
		ID: a.ID, Login: a.Login, Name: a.Name, Kind: a.Kind, Roles: make([]GrantResource, len(a.Grants)), Disabled: a.DisabledAt != nil,
		LockedUntil: a.LockedUntil, SecondFactor: a.SecondFactor(), SingleSignOn: a.Issuer != nil || a.Kind == Person && a.Password == "", Demo: a.Demo,
		CreatedAt: a.CreatedAt, LastLoginAt: a.LastLoginAt, Version: a.Version,
	}
	for i, g := range a.Grants {
		r.Roles[i] = s.grantResource(g)
	}
	return r
}

func (s *Service) grantResource(g Grant) GrantResource {
	return GrantResource{
		ID: g.ID, Role: g.Role, Area: g.Area, AreaName: s.areaName(g.Area), Level: g.Level, ExpiresAt: g.ExpiresAt, GrantedBy: g.GrantedBy, GrantedAt: g.GrantedAt,
	}
}
