package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/account"
)

// userCommand manages accounts as whoever owns the machine: what a security administrator does in the pages, and the first one of them.
type userCommand struct {
	Add         userAddCommand         `cmd:"" help:"Make an account and print its initial password, once."`
	List        userListCommand        `cmd:"" help:"List accounts and their roles."`
	Grant       userGrantCommand       `cmd:"" help:"Grant a role on an area and all below it."`
	Revoke      userRevokeCommand      `cmd:"" help:"Take a role away."`
	Password    userPasswordCommand    `cmd:"" help:"Give a person a new initial password and print it, once."`
	Disable     userDisableCommand     `cmd:"" help:"Let somebody in no longer, and log them out everywhere."`
	Enable      userEnableCommand      `cmd:"" help:"Let somebody in again."`
	Unlock      userUnlockCommand      `cmd:"" help:"Let a login that is locked after wrong passwords be tried again."`
	Token       userTokenCommand       `cmd:"" help:"Make an API token for a machine and print it, once."`
	Tokens      userTokensCommand      `cmd:"" help:"List the API tokens of a machine, without their secrets."`
	RevokeToken userRevokeTokenCommand `cmd:"" help:"End an API token at once."`
	RemoveDemo  userRemoveDemoCommand  `cmd:"" help:"Delete the demo accounts, whose password everybody knows."`
}

type userLogin struct {
	Login string `arg:"" help:"Of the account."`
}

// on runs a use case on the account.
func (u userLogin) on(ctx context.Context, c *Config, now clock, do func(app *App, a *account.Account) error) error {
	return withApp(ctx, c, reads, now, func(app *App) error {
		a, err := app.accounts.FindLogin(ctx, u.Login)
		if err != nil {
			return fmt.Errorf("%w: jingwei user list shows them all", err)
		}
		return do(app, a)
	})
}

// withApp opens an App for as long as do runs.
func withApp(ctx context.Context, c *Config, use use, now clock, do func(app *App) error) (err error) {
	app, err := openApp(ctx, c, use, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	return do(app)
}

type roleFlags struct {
	Area string `help:"Code of the area; left out: the whole installation." placeholder:"CODE"`
	Days int    `help:"The role ends after so many days; left out: never." placeholder:"N"`
}

func (f roleFlags) grant(role string, now time.Time) (account.NewGrant, error) {
	n := account.NewGrant{Role: access.Role(role), Area: f.Area}
	if most := int(account.MaxGrantLife / (24 * time.Hour)); f.Days < 0 || f.Days > most {
		return n, fmt.Errorf("--days is from 1 to %d; left out, the role does not end", most)
	}
	if f.Days > 0 {
		end := now.AddDate(0, 0, f.Days)
		n.ExpiresAt = &end
	}
	return n, nil
}

type userAddCommand struct {
	Login        string `arg:"" help:"2 to 64 characters: a letter or digit, then letters, digits and . _ @ -"`
	Name         string `required:"" help:"Of the person or the machine."`
	Role         string `help:"viewer, worker, handler, dispatcher, planner, system_admin, security_admin or auditor; more with jingwei user grant." placeholder:"ROLE"`
	Kind         string `help:"${enum}: a machine comes in with tokens." enum:"person,machine" default:"person"`
	SingleSignOn bool   `help:"Make no password: whoever the provider of single sign-on calls by this login takes the account at the first log-in."`
	roleFlags
}

func (cmd *userAddCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	n := account.NewAccount{Login: cmd.Login, Name: cmd.Name, Kind: account.Kind(cmd.Kind), SingleSignOn: cmd.SingleSignOn}
	if cmd.Role != "" {
		grant, err := cmd.grant(cmd.Role, now())
		if err != nil {
			return err
		}
		n.Grant = &grant
	} else if cmd.Area != "" || cmd.Days != 0 {
		return errors.New("--area and --days belong to a role: name it with --role")
	}
	return withApp(ctx, c, writes, now, func(app *App) error {
		a, password, err := app.accounts.Create(ctx, n)
		if err != nil {
			return err
		}
		switch {
		case password != "":
			fmt.Fprintf(s.out, "Initial password of %s, which is shown only now and must be changed at the first log-in:\n%s\n", a.Login, password)
		case a.Kind == account.Machine:
			fmt.Fprintf(s.out, "%s is in. It comes in with a token: jingwei user token %s --name … --scope %s --days 365\n", a.Login, a.Login, access.IncidentIntake)
		default:
			fmt.Fprintf(s.out, "%s is in, and comes by single sign-on.\n", a.Login)
		}
		return nil
	})
}

type userListCommand struct {
	Role string `help:"Only those who hold this role." placeholder:"ROLE"`
}

func (cmd *userListCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	const page = 200
	return withApp(ctx, c, reads, now, func(app *App) error {
		t := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "LOGIN\tKIND\tSTATE\tROLES\tNAME")
		f := account.Filter{Role: access.Role(cmd.Role)}
		for {
			accounts, more, err := app.accounts.List(ctx, f, page)
			if err != nil {
				return err
			}
			for _, a := range accounts {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", a.Login, a.Kind, state(a), rolesOf(a), a.Name)
				f.After = a.Login
			}
			if !more {
				return t.Flush()
			}
		}
	})
}

// state is a word for whether an account can be used.
func state(a *account.Account) string {
	switch {
	case a.DisabledAt != nil:
		return "disabled"
	case a.LockedUntil != nil:
		return "locked"
	case a.Demo:
		return "demo"
	}
	return "enabled"
}

func rolesOf(a *account.Account) string {
	roles := make([]string, len(a.Grants))
	for i, g := range a.Grants {
		roles[i] = string(g.Role)
		if g.Area != "" {
			roles[i] += "@" + g.Area
		}
	}
	return strings.Join(roles, ",")
}

type userGrantCommand struct {
	userLogin
	Role string `arg:"" help:"As for jingwei user add."`
	roleFlags
}

func (cmd *userGrantCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	n, err := cmd.grant(cmd.Role, now())
	if err != nil {
		return err
	}
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		if _, err := app.accounts.Grant(ctx, a.ID, n); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is %s of %s.\n", a.Login, n.Role, place(n.Area))
		return nil
	})
}

func place(area string) string {
	if area == "" {
		return "the whole installation"
	}
	return area
}

type userRevokeCommand struct {
	userLogin
	Role string `arg:"" help:"That is held."`
	Area string `help:"Code of the area it is held on; left out: the whole installation." placeholder:"CODE"`
}

func (cmd *userRevokeCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		for _, g := range a.Grants {
			if string(g.Role) == cmd.Role && g.Area == cmd.Area {
				if err := app.accounts.Revoke(ctx, a.ID, g.ID); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "%s is no longer %s of %s.\n", a.Login, cmd.Role, place(cmd.Area))
				return nil
			}
		}
		held := rolesOf(a)
		if held == "" {
			held = "no role"
		}
		return fmt.Errorf("%s is not %s of %s, but holds %s", a.Login, cmd.Role, place(cmd.Area), held)
	})
}

type userPasswordCommand struct{ userLogin }

func (cmd *userPasswordCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		password, err := app.accounts.ResetPassword(ctx, a.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Initial password of %s, which is shown only now and must be changed at the first log-in:\n%s\n", a.Login, password)
		return nil
	})
}

type userDisableCommand struct{ userLogin }

func (cmd *userDisableCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.setDisabled(ctx, c, s, now, true)
}

type userEnableCommand struct{ userLogin }

func (cmd *userEnableCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.setDisabled(ctx, c, s, now, false)
}

func (u userLogin) setDisabled(ctx context.Context, c *Config, s *streams, now clock, disabled bool) error {
	return u.on(ctx, c, now, func(app *App, a *account.Account) error {
		a, err := app.accounts.Change(ctx, a.ID, 0, account.Change{Disabled: &disabled})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is %s.\n", a.Login, state(a))
		return nil
	})
}

type userUnlockCommand struct{ userLogin }

func (cmd *userUnlockCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		if err := app.accounts.Unlock(ctx, a.ID); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is not locked.\n", a.Login)
		return nil
	})
}

type userTokenCommand struct {
	userLogin
	Name  string   `required:"" help:"What the token is for."`
	Scope []string `required:"" help:"What it may do, such as incident.intake; several with commas. The account needs a role that allows it, too."`
	Days  int      `required:"" help:"It expires after so many days, at most 366."`
}

func (cmd *userTokenCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	if cmd.Days < 1 || cmd.Days > int(account.MaxTokenLife/(24*time.Hour)) {
		return fmt.Errorf("--days is from 1 to %d", int(account.MaxTokenLife/(24*time.Hour)))
	}
	scopes := make([]access.Action, len(cmd.Scope))
	for i, scope := range cmd.Scope {
		scopes[i] = access.Action(scope)
	}
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		n := account.NewToken{Name: cmd.Name, Scopes: scopes, ExpiresAt: now().Add(time.Duration(cmd.Days) * 24 * time.Hour)}
		_, text, err := app.accounts.CreateToken(ctx, a.ID, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Token of %s until %s, which is shown only now; send it as \"Authorization: Bearer jw_…\":\n%s\n", a.Login, n.ExpiresAt.Format(time.DateOnly), text)
		return nil
	})
}

type userTokensCommand struct{ userLogin }

func (cmd *userTokensCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		tokens, err := app.accounts.Tokens(ctx, a.ID)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "TOKEN\tBEGINS\tSTATE\tEXPIRES\tUSED\tSCOPES\tNAME")
		for _, k := range tokens {
			state, used := "valid", "never"
			switch {
			case k.RevokedAt != nil:
				state = "revoked"
			case !now().Before(k.ExpiresAt):
				state = "expired"
			}
			if k.UsedAt != nil {
				used = k.UsedAt.Format(time.DateOnly)
			}
			scopes := make([]string, len(k.Scopes))
			for i, scope := range k.Scopes {
				scopes[i] = string(scope)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Hint, state, k.ExpiresAt.Format(time.DateOnly), used, strings.Join(scopes, ","), k.Name)
		}
		return t.Flush()
	})
}

type userRevokeTokenCommand struct {
	userLogin
	Token uuid.UUID `arg:"" help:"As jingwei user tokens lists it."`
}

func (cmd *userRevokeTokenCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return cmd.on(ctx, c, now, func(app *App, a *account.Account) error {
		if err := app.accounts.RevokeToken(ctx, a.ID, cmd.Token); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "The token %s of %s is revoked.\n", cmd.Token, a.Login)
		return nil
	})
}

type userRemoveDemoCommand struct{}

func (userRemoveDemoCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return withApp(ctx, c, reads, now, func(app *App) error {
		logins, err := app.accounts.RemoveDemo(ctx)
		if err != nil {
			return err
		}
		if len(logins) == 0 {
			fmt.Fprintln(s.out, "There are no demo accounts.")
			return nil
		}
		fmt.Fprintf(s.out, "Removed: %s.\n", strings.Join(logins, ", "))
		found, err := app.accounts.Any(ctx)
		if err == nil && !found {
			fmt.Fprintln(s.out, firstAccountHint)
		}
		return err
	})
}

// firstAccountHint is said where nobody can log in.
const firstAccountHint = "There is no account yet, so nobody can log in. Make the first one: jingwei user add LOGIN --name NAME --role security_admin"
