package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"jingwei/server/incident"
)

type archiveCommand struct {
	Before  string `help:"Archive the months before this one, for example 2025-01." placeholder:"MONTH"`
	Restore string `help:"Bring this archived month back instead." placeholder:"MONTH"`
	List    bool   `help:"List the archived months instead."`
	DryRun  bool   `help:"Only print what would be archived."`
}

func (cmd *archiveCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	asked := 0
	for _, set := range []bool{cmd.Before != "", cmd.Restore != "", cmd.List} {
		if set {
			asked++
		}
	}
	if asked != 1 {
		return errors.New("say one of --before MONTH, --restore MONTH and --list; a month is written 2025-01")
	}
	var month time.Time
	if !cmd.List {
		if month, err = incident.ParseMonth(cmd.Before + cmd.Restore); err != nil {
			return err
		}
	}
	if month.After(now().UTC()) {
		return fmt.Errorf("%s has not begun yet", month.Format("2006-01"))
	}
	app, err := openApp(ctx, c, reads, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	switch {
	case cmd.List:
		return cmd.list(ctx, app, s)
	case cmd.Restore != "":
		if cmd.DryRun {
			return errors.New("--dry-run goes with --before")
		}
		m, err := app.incidents.Restore(ctx, month)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Restored %s: %d incidents, %d reporters, %d receipts, %d photos.\n", m.Name(), m.Incidents, m.Reporters, m.Receipts, m.Photos)
		return nil
	}
	return cmd.archive(ctx, app, s, month)
}

func (cmd *archiveCommand) list(ctx context.Context, app *App, s *streams) error {
	months, err := app.incidents.Archived(ctx)
	for _, m := range months {
		fmt.Fprintln(s.out, m.Format("2006-01"))
	}
	if err == nil && len(months) == 0 {
		fmt.Fprintln(s.out, "No month is archived.")
	}
	return err
}

// archive takes out each month that can be, and ends with an error where one cannot.
func (cmd *archiveCommand) archive(ctx context.Context, app *App, s *streams, before time.Time) error {
	months, err := app.incidents.Months(ctx, before)
	if err != nil {
		return err
	}
	if len(months) == 0 {
		fmt.Fprintf(s.out, "There are no incidents of months before %s.\n", before.Format("2006-01"))
		return nil
	}
	out := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "MONTH\tINCIDENTS\tSTILL OPEN\tMB\tREPORTERS\tRECEIPTS\tPHOTOS")
	blocked := 0
	for _, m := range months {
		if m.Open > 0 {
			blocked++
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%.1f\t%d\t%d\t%d\n", m.Name(), m.Incidents, m.Open, float64(m.Bytes)/1e6, m.Reporters, m.Receipts, m.Photos)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if cmd.DryRun {
		fmt.Fprintf(s.out, "Dry run: would archive %d months.\n", len(months)-blocked)
	}
	for _, m := range months {
		if cmd.DryRun || m.Open > 0 {
			continue
		}
		if m, err = app.incidents.Archive(ctx, m.First); err != nil {
			return fmt.Errorf("%w\nWhat was archived before stays archived; run the command again to go on", err)
		}
		fmt.Fprintf(s.out, "Archived %s: %d incidents, %d reporters, %d receipts, %d photos.\n", m.Name(), m.Incidents, m.Reporters, m.Receipts, m.Photos)
	}
	if blocked > 0 {
		return fmt.Errorf("%d months stay, for some of their incidents are still open (column STILL OPEN): close or cancel these, and run the command again", blocked)
	}
	return nil
}
