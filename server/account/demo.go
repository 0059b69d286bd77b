package account

import (
	"context"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
)

// DemoPassword is the password of every demo account. Everybody knows it, so demo accounts log in on the machine itself only: see
// onThisMachine.
const DemoPassword = "Jingwei-Demo-2026" //nolint:gosec // G101: it is told to everybody

// DemoAreas are the areas of the demo county that demo accounts work in.
type DemoAreas struct {
	County    string // of planner
	Town      string // of handler
	Community string // of worker, in Town
}

// DemoLogin is a demo account on the log-in page.
type DemoLogin struct {
	Login    string
	Password string
	Role     access.Role
	AreaName string // "" on the whole installation
}

// demoPerson is an invented person: the names say what they do.
type demoPerson struct {
	login, name string
	role        access.Role
	area        string
}

func demoPeople(areas DemoAreas) []demoPerson {
	return []demoPerson{
		{"demo-viewer", "演示·观全城", access.Viewer, ""},
		{"demo-worker", "演示·巡网格", access.Worker, areas.Community},
		{"demo-handler", "演示·应哨人", access.Handler, areas.Town},
		{"demo-dispatcher", "演示·派哨员", access.Dispatcher, ""}, // what lies outside every area is for nobody else to decide
		{"demo-planner", "演示·划界者", access.Planner, areas.County},
		{"demo-system", "演示·管系统", access.SystemAdmin, ""},
		{"demo-security", "演示·管账号", access.SecurityAdmin, ""},
		{"demo-auditor", "演示·查日志", access.Auditor, ""},
	}
}

// CreateDemo makes one demo account for each role, in a database without any account; where there is one it does nothing, and made is false.
// The areas must be in the transaction's edition.
func (s *Service) CreateDemo(ctx context.Context, tx pgx.Tx, areas DemoAreas) (made bool, err error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return false, err
	}
	if err := oneAtATime(ctx, tx); err != nil {
		return false, err
	}
	if found, err := anyAccount(ctx, tx); err != nil || found {
		return false, err
	}
	hash, err := s.hash(ctx, DemoPassword) // one for all: there is nothing to hide
	if err != nil {
		return false, err
	}
	for _, p := range demoPeople(areas) {
		now := s.now()
		a := &Account{ID: newID(), Login: p.login, Name: p.name, Kind: Person, Password: hash, PasswordChangedAt: &now, Demo: true, CreatedAt: now}
		if err := insert(ctx, tx, a); err != nil {
			return false, err
		}
		g := &Grant{ID: newID(), Role: p.role, Area: p.area, GrantedBy: access.From(ctx).Login, GrantedAt: now}
		if err := insertGrant(ctx, tx, a.ID, g); err != nil {
			return false, err
		}
		err := audit.Append(ctx, tx, audit.Entry{
			Action: "account.create", Object: a.Object(), After: map[string]any{"login": p.login, "demo": true, "role": p.role, "area": p.area},
		})
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// DemoLogins are the demo accounts that are enabled, for the log-in page of a browser on the machine itself, and for whoever manages
// accounts; none for all others.
func (s *Service) DemoLogins(ctx context.Context) ([]DemoLogin, error) {
	if !s.onThisMachine(ctx) && !access.Can(access.From(ctx), access.AccountManage, nil) {
		return nil, nil
	}
	accounts, err := listDemo(ctx, s.pool, s.now())
	if err != nil {
		return nil, err
	}
	logins := make([]DemoLogin, 0, len(accounts))
	for _, a := range accounts {
		if a.DisabledAt == nil && len(a.Grants) > 0 {
			logins = append(logins, DemoLogin{a.Login, DemoPassword, a.Grants[0].Role, s.areaName(a.Grants[0].Area)})
		}
	}
	return logins, nil
}

// AnyDemo reports whether there are demo accounts that are enabled. Who may not know gets no answer, rather than that there are none.
func (s *Service) AnyDemo(ctx context.Context) (found bool, err error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return false, err
	}
	return anyDemo(ctx, s.pool)
}

// RemoveDemo deletes all demo accounts with their grants and sessions, and gives their logins.
func (s *Service) RemoveDemo(ctx context.Context) (logins []string, err error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := oneAtATime(ctx, tx); err != nil {
			return err
		}
		accounts, err := listDemo(ctx, tx, s.now())
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if err := deleteAccount(ctx, tx, a.ID); err != nil {
				return err
			}
			e := audit.Entry{Action: "account.delete", Object: a.Object(), Before: map[string]any{"login": a.Login, "demo": true}}
			if err := audit.Append(ctx, tx, e); err != nil {
				return err
			}
			logins = append(logins, a.Login)
		}
		return nil
	})
	return logins, err
}

// Any reports whether there is an account at all: without one nobody can log in.
func (s *Service) Any(ctx context.Context) (bool, error) { return anyAccount(ctx, s.pool) }

// LoopbackHost reports whether the Host of a request is a name of this machine for itself. Where it is another, a proxy in front lets others
// in, or a page elsewhere has given its name our address.
func LoopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
