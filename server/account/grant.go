package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/web"
)

// MaxGrantLife is how far ahead a role may end, about ten years; farther away it does not end. (No year of more than four digits can be read
// back.)
const MaxGrantLife = 10 * 366 * 24 * time.Hour

// NewGrant is a role to be granted.
type NewGrant struct {
	Role      access.Role
	Area      string // code; "" is the whole installation
	ExpiresAt *time.Time
}

// Grant gives an account a role on an area and all below it. Nobody grants to oneself; an administrator holds no second role.
func (s *Service) Grant(ctx context.Context, account uuid.UUID, n NewGrant) (g Grant, err error) {
	tried := map[string]any{"role": n.Role, "area": n.Area, "expires_at": n.ExpiresAt}
	err = s.manage(ctx, account, &audit.Entry{Action: "grant.create", After: tried}, func(tx pgx.Tx, a *Account, e *audit.Entry) error {
		if g, err = s.grant(ctx, tx, a, n, e); err != nil {
			return err
		}
		return touch(ctx, tx, account)
	})
	if err != nil {
		return Grant{}, err
	}
	return g, nil
}

// grant checks a grant and stores it, and tells e of it.
func (s *Service) grant(ctx context.Context, tx pgx.Tx, a *Account, n NewGrant, e *audit.Entry) (g Grant, err error) {
	chain, level, err := s.place(n)
	if err != nil {
		return g, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	g = Grant{ID: newID(), Role: n.Role, Area: n.Area, Level: level, ExpiresAt: n.ExpiresAt, GrantedBy: access.From(ctx).Login, GrantedAt: now}
	e.Areas, e.After = chain, map[string]any{"grant": g.ID, "role": g.Role, "area": g.Area, "expires_at": g.ExpiresAt}
	switch {
	case n.ExpiresAt != nil && !n.ExpiresAt.After(now):
		return g, web.NewProblem(web.Invalid, "expires_at must be in the future").At("body.expires_at", *n.ExpiresAt)
	case n.ExpiresAt != nil && n.ExpiresAt.After(now.Add(MaxGrantLife)):
		return g, web.NewProblem(web.Invalid, "expires_at must be at most ten years ahead; leave it out for a role that does not end").At("body.expires_at", *n.ExpiresAt)
	case isSelf(ctx, a):
		return g, web.NewProblem(web.Forbidden, "nobody grants a role to oneself; ask another security administrator")
	case n.Role == access.SecurityAdmin && a.Kind != Person:
		return g, web.NewProblem(web.Conflict, "a security administrator is a person, and "+a.Login+" is a machine").At("body.role", n.Role)
	}
	// What has expired is in nobody's way.
	if err := deleteExpiredGrants(ctx, tx, a.ID, now); err != nil {
		return g, err
	}
	if err := insertGrant(ctx, tx, a.ID, &g); err != nil {
		return g, explainGrant(err, a, n)
	}
	if n.Role != access.Viewer {
		// A session that an open wall has kept alive for days is not one for those who may do more.
		_, err = tx.Exec(ctx, `UPDATE account_session SET ends_at = least(ends_at, created_at + $2) WHERE account = $1`, a.ID, s.rules.SessionMax)
	}
	return g, err
}

// place checks what a grant is on: the codes from the county to the area, and its level.
func (s *Service) place(n NewGrant) (chain []string, level string, err error) {
	if !slices.Contains(access.Roles, n.Role) {
		return nil, "", web.NewProblem(web.Invalid, fmt.Sprintf("there is no role %q to grant; /api/v1/roles lists them", n.Role)).At("body.role", n.Role)
	}
	if n.Area == "" {
		return nil, "", nil
	}
	if n.Role.IsAdministrator() {
		return nil, "", web.NewProblem(web.Invalid, string(n.Role)+" is granted on the whole installation; leave the area out").At("body.area", n.Area)
	}
	atlas := s.areas.Current()
	id, ok := atlas.Coverage.Find(n.Area)
	if !ok {
		return nil, "", web.NewProblem(web.Invalid, "no area of the present edition has the code "+n.Area+"; /api/v1/areas lists them").At("body.area", n.Area)
	}
	return atlas.Codes(id), atlas.Coverage.Level(id).String(), nil
}

// explainGrant says why the database refused a grant.
func explainGrant(err error, a *Account, n NewGrant) error {
	switch db.Constraint(err) {
	case "account_grant_alone", "account_grant_administrator":
		held := "another role"
		if len(a.Grants) > 0 {
			held = string(a.Grants[0].Role)
		}
		return web.NewProblem(web.Conflict, fmt.Sprintf("an administrator holds no other role, and %s holds %s; revoke that first, or grant %s to another account", a.Login, held, n.Role)).
			At("body.role", n.Role)
	case "account_grant_account_role_area_key":
		return web.NewProblem(web.Conflict, fmt.Sprintf("%s holds %s there already; to change when it expires, revoke it and grant it again", a.Login, n.Role)).At("body.role", n.Role)
	}
	return err
}

// Revoke takes a role away. The last security administrator keeps the role.
func (s *Service) Revoke(ctx context.Context, account, grant uuid.UUID) error {
	return s.manage(ctx, account, &audit.Entry{Action: "grant.delete"}, func(tx pgx.Tx, a *Account, e *audit.Entry) error {
		i := slices.IndexFunc(a.Grants, func(g Grant) bool { return g.ID == grant })
		if i < 0 {
			return web.NewProblem(web.NotFound, a.Login+" has no grant "+grant.String()).At("path.grant", grant)
		}
		g := a.Grants[i]
		e.Areas, e.Before = s.chain(g.Area), map[string]any{"grant": g.ID, "role": g.Role, "area": g.Area, "expires_at": g.ExpiresAt}
		if g.Role == access.SecurityAdmin {
			if err := keepsOne(ctx, tx, a); err != nil {
				return err
			}
		}
		if err := deleteGrant(ctx, tx, grant); err != nil {
			return err
		}
		return touch(ctx, tx, account)
	})
}

// chain is the codes from the county to an area; nil for the whole installation, only the code where the area is gone.
func (s *Service) chain(code string) []string {
	if code == "" {
		return nil
	}
	atlas := s.areas.Current()
	if id, ok := atlas.Coverage.Find(code); ok {
		return atlas.Codes(id)
	}
	return []string{code}
}

// keepsOne is a conflict where a is a security administrator, and no other one is sure to be left.
func keepsOne(ctx context.Context, tx pgx.Tx, a *Account) error {
	if a.DisabledAt != nil || !a.Is(access.SecurityAdmin) {
		return nil
	}
	others, err := countSecurityAdmins(ctx, tx, a.ID)
	if err == nil && others == 0 {
		err = web.NewProblem(web.Conflict, a.Login+" is the last security administrator; without one nobody could manage accounts. Make another one first, whose role does not end and who can log in")
	}
	return err
}

// isSelf reports whether the actor of ctx is the account.
func isSelf(ctx context.Context, a *Account) bool { return access.From(ctx).Account == a.ID }
