package hotline

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/incident"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// Unseal opens who called, and the texts as they were said, of a ticket that is no incident yet, and of the later calls about any ticket, for a reason that
// goes into the audit log, masked as tickets are. Whoever may place a ticket that waits sees it wherever they place tickets, so reporter.unseal is needed
// somewhere, too; once the ticket is an incident it is needed where that lies, and who called first is unsealed there. What is given out has been logged
// before.
func (s *Service) Unseal(ctx context.Context, number, reason string) (w Words, calls []SaidCall, err error) {
	t, _, err := s.Find(ctx, number)
	if err != nil {
		return w, nil, err
	}
	reason, ok := checkedReason(reason)
	if !ok {
		return w, nil, web.NewProblem(web.Invalid, "reason must say in 5 to 500 characters what the data are needed for").At("body.reason", nil)
	}
	entry := audit.Entry{Action: string(access.ReporterUnseal), Object: object(t)}
	if t.State == IsIncident {
		if entry.Areas, err = s.incidents.CodesOf(ctx, *t.Incident); err != nil {
			return w, nil, err
		}
		err = access.Ask(ctx, access.ReporterUnseal, entry.Areas)
	} else {
		_, err = access.AskScope(ctx, access.ReporterUnseal)
	}
	if err != nil {
		entry.Outcome = audit.Refused // without the reason: only what is sealed tells whose name stands in it
		if errLog := db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, entry) }); errLog != nil {
			return w, nil, errLog
		}
		return w, nil, err
	}
	var said Words
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		t, _, err := lock(ctx, tx, number)
		if err != nil {
			return err
		}
		if calls, err = s.saidCalls(ctx, tx, t.ID); err != nil {
			return err
		}
		switch {
		case t.sealed == nil && len(calls) > 0: // of the first call there is nothing to open
		case t.State == IsIncident:
			return web.NewProblem(web.Conflict, "the ticket is an incident: its caller is the incident's reporter now, and is unsealed there")
		case t.sealed == nil:
			return web.NewProblem(web.NotFound, "nothing is sealed with this ticket: the hotline named nobody, or its time is over and it was deleted")
		}
		if t.State != IsIncident {
			if said, err = t.said(s.keys); err != nil {
				return err
			}
		}
		entry.Reason = said.Caller.Mask(reason)
		for _, c := range calls {
			entry.Reason = c.Caller.Mask(entry.Reason)
		}
		return audit.Append(ctx, tx, entry)
	})
	if err != nil {
		return w, nil, err
	}
	return said, calls, nil
}

// Sealing says whether Unseal has something to open of a ticket and of its later calls, as Find and Calls gave them.
func (s *Service) Sealing(t Ticket, calls []LaterCall) (incident.Sealing, error) {
	state := incident.NothingSealed
	note := func(sealed []byte, open func(*seal.Ring) (Words, error)) error {
		if sealed == nil {
			return nil
		}
		_, err := open(s.keys)
		if _, unopenable := web.AsProblem(err); unopenable {
			state = incident.Unavailable
			return nil
		}
		if state == incident.NothingSealed {
			state = incident.Sealed
		}
		return err
	}
	err := note(t.sealed, t.said)
	for _, l := range calls {
		err = errors.Join(err, note(l.sealed, l.said))
	}
	return state, err
}

// checkedReason is a reason on one line; ok is false where it is too short, too long, or shown otherwise than it is written.
func checkedReason(reason string) (_ string, ok bool) {
	reason = strings.Join(strings.Fields(reason), " ")
	n := utf8.RuneCountInString(reason)
	return reason, n >= minReason && n <= maxReason && !strings.ContainsFunc(reason, reordering)
}
