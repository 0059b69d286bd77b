package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"jingwei/server/access"
	"jingwei/server/hotline"
	"jingwei/server/incident"
)

type retentionCommand struct {
	Years  int  `help:"How long reporters' data and photos are kept after an incident was closed or cancelled." default:"2" placeholder:"N"`
	DryRun bool `help:"Only print what would be deleted, by the year of the closing and county."`
}

func (cmd *retentionCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	if cmd.Years < 1 {
		return errors.New("--years must be 1 or more")
	}
	app, err := openApp(ctx, c, writes, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	r, err := app.incidents.Retention(ctx, cmd.Years)
	if err != nil {
		return err
	}
	verb := "Deleting"
	if cmd.DryRun {
		verb = "Dry run, would delete"
	}
	fmt.Fprintf(s.out, "%s the reporters, receipts and photos of incidents that were closed or cancelled before %s:\n", verb, r.Before.Format(time.DateOnly))
	if err := printKept(s.out, r.Due); err != nil {
		return err
	}
	if len(r.NeverClosed) > 0 {
		fmt.Fprintf(s.out, "Never closed, though reported before %s; these stay until somebody closes them:\n", r.NeverClosedBefore.Format(time.DateOnly))
		if err := printKept(s.out, r.NeverClosed); err != nil {
			return err
		}
	}
	tickets, err := app.hotline.Retention(ctx, cmd.Years)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s the callers of tickets of the hotline that were dismissed before %s:\n", verb, r.Before.Format(time.DateOnly))
	if err := printCallers(s.out, tickets.Due); err != nil {
		return err
	}
	if len(tickets.Waiting) > 0 {
		fmt.Fprintln(s.out, "Still waiting, though as old; these stay until somebody places or dismisses them:")
		if err := printCallers(s.out, tickets.Waiting); err != nil {
			return err
		}
	}
	if cmd.DryRun {
		return nil
	}
	deleted, err := app.incidents.Delete(ctx, cmd.Years)
	callers, errCallers := app.hotline.Delete(ctx, cmd.Years)
	fmt.Fprintf(s.out, "Deleted: %d reporters, %d receipts, %d photos, %d callers.\n", deleted.Reporters, deleted.Receipts, deleted.Photos, callers)
	return errors.Join(err, errCallers)
}

func printKept(w io.Writer, kept []incident.Kept) error {
	if len(kept) == 0 {
		_, err := fmt.Fprintln(w, "  none")
		return err
	}
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "  YEAR\tCOUNTY\tREPORTERS\tRECEIPTS\tPHOTOS")
	for _, k := range kept {
		county := k.County
		if county == "" {
			county = "(outside)"
		}
		fmt.Fprintf(out, "  %d\t%s\t%d\t%d\t%d\n", k.Year, county, k.Reporters, k.Receipts, k.Photos)
	}
	return out.Flush()
}

func printCallers(w io.Writer, kept []hotline.Kept) error {
	if len(kept) == 0 {
		_, err := fmt.Fprintln(w, "  none")
		return err
	}
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "  YEAR\tCALLERS")
	for _, k := range kept {
		fmt.Fprintf(out, "  %d\t%d\n", k.Year, k.Callers)
	}
	return out.Flush()
}

// retentionHour is when a server deletes what is due: at night in China, where nobody waits for the database.
const retentionHour = 3

// retainNightly deletes what is kept longer than years, when it is called in the hour for that; years 0 keeps everything.
func (a *App) retainNightly(ctx context.Context, years int, now time.Time) {
	if years == 0 || now.UTC().Add(8*time.Hour).Hour() != retentionHour {
		return
	}
	deleted, err := a.incidents.Delete(ctx, years)
	callers, errCallers := a.hotline.Delete(ctx, years)
	if err = errors.Join(err, errCallers); err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "reporters whose time is over were not all deleted", "error", err)
	}
	if deleted != (incident.Personal{}) || callers > 0 {
		slog.InfoContext(ctx, "deleted reporters whose time is over", "reporters", deleted.Reporters, "receipts", deleted.Receipts, "photos", deleted.Photos, "callers", callers)
	}
	r, err := a.incidents.Retention(ctx, years)
	switch {
	case err != nil && ctx.Err() == nil:
		slog.ErrorContext(ctx, "reporters that are kept too long", "error", err)
	case len(r.NeverClosed) > 0:
		slog.WarnContext(ctx, "reporters are kept of old incidents that nobody closed; see jingwei retention --dry-run", "reported_before", r.NeverClosedBefore)
	}
}

// maskOld masks what was stored before there were keys; a server that is stopped goes on with it at its next start.
func (a *App) maskOld(ctx context.Context) {
	if err := a.incidents.MaskOld(access.With(ctx, access.Server())); err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "texts of earlier incidents", "error", err)
	}
}
