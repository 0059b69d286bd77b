package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jingwei/server/audit"
	"jingwei/server/csvfile"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Compute the whole chain of the audit log anew and tell every row that was changed, removed, exchanged or slipped in. Exits with 1 when there is one."`
	Export auditExportCommand `cmd:"" help:"Write the audit log as CSV, the newest first, to standard output or a file."`
}

type auditVerifyCommand struct {
	Head   []string `placeholder:"HASH" help:"A head of the chain that was written down elsewhere, for example in the server's log: it must lie on the chain. Only so a cut off end is found."`
	Anchor string   `placeholder:"FILE" help:"File outside the reach of whoever runs the database: the heads of earlier verifications in it must lie on the chain, and that of this one is added."`
}

// errTamperedWith tells that the log is not what was written.
var errTamperedWith = errors.New("the audit log has been tampered with: keep a copy of the database as it is, and compare it with a backup")

func (cmd *auditVerifyCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	var heads []audit.Head
	if cmd.Anchor != "" {
		if heads, err = audit.ReadAnchors(cmd.Anchor); err != nil {
			return err
		}
	}
	for _, text := range cmd.Head {
		hash, err := audit.ParseHash(text)
		if err != nil {
			return fmt.Errorf("--head: %w", err)
		}
		heads = append(heads, audit.Head{Hash: hash})
	}
	d, err := c.openDatabase(ctx, reads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	progress := newProgress(s.err)
	v, err := audit.NewService(d.Pool, now).Verify(ctx, audit.VerifyOptions{
		Heads: heads, Progress: func(done, total int64) { progress.show("Verifying", int(done), int(total)) },
	})
	progress.finish()
	if err != nil {
		return err
	}
	for _, f := range v.Findings {
		fmt.Fprintln(s.out, f)
	}
	if more := v.Found - len(v.Findings); more > 0 {
		fmt.Fprintf(s.out, "… and %d more\n", more)
	}
	if v.Detached > 0 {
		fmt.Fprintf(s.out, "%d rows are in months that have been taken out of the database: only their links are here.\n", v.Detached)
	}
	fmt.Fprintf(s.out, "%d links, head %s\n", v.Head.Seq, v.Head.Hash)
	if v.Broken() {
		return errTamperedWith
	}
	if cmd.Anchor != "" && v.Head.Seq > 0 {
		return audit.AddAnchor(cmd.Anchor, v.Head, now())
	}
	return nil
}

type auditExportCommand struct {
	Output  string `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output."`
	From    string `placeholder:"TIME" help:"At this instant or later: 2026-01-31 (midnight of this machine) or 2026-01-31T08:00:00+08:00."`
	To      string `placeholder:"TIME" help:"Before this instant."`
	Login   string `help:"Only of this login."`
	Action  string `help:"Only this action, such as account.create; account. is all that is done with accounts."`
	Object  string `help:"Only this object, such as account/0190…; account/ is all accounts."`
	Area    string `placeholder:"CODE" help:"Only what concerns this area or lies below it."`
	Outcome string `enum:",done,refused" default:"" help:"Only what was done, or refused."`
}

func (cmd *auditExportCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	f := audit.Filter{Login: cmd.Login, Action: cmd.Action, Object: cmd.Object, Area: cmd.Area, Outcome: audit.Outcome(cmd.Outcome)}
	if f.From, err = parseInstant("--from", cmd.From); err != nil {
		return err
	}
	if f.To, err = parseInstant("--to", cmd.To); err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, reads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	out := s.out
	if cmd.Output != "-" {
		file := &csvfile.LazyFile{Path: cmd.Output} // for its owner alone: it says who did what from where
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	count, err := audit.NewService(d.Pool, now).Export(ctx, f, out)
	if err == nil {
		fmt.Fprintf(s.err, "Wrote %d rows.\n", count)
	}
	return err
}

// parseInstant reads a date or an instant of RFC 3339; "" is the zero time.
func parseInstant(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, fmt.Errorf("%s: %q is no time; write 2026-01-31 or 2026-01-31T08:00:00+08:00", flag, text)
	}
	return t, nil
}
