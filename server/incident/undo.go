package incident

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// Undo takes back the last move or confirmation that stands: the incident lies where it lay before, with the areas, the branch and the accuracy that it had
// there, and waits for somebody to look at its place if it did. It is snapped anew by no later edition: it is as if nobody had touched it. The history keeps
// both, and one event tells. The next call takes back what was done before that. It is refused where nothing is left to take back, and for the confirmation
// of an incident that is over. The actor needs incident.triage where it lies and where it goes back to; version is as in Move.
func (s *Service) Undo(ctx context.Context, id uuid.UUID, reason, version string) (Incident, error) {
	return s.decideBriefly(ctx, id, reason, version, func(tx pgx.Tx, i Incident) (Incident, Deed, error) {
		history, err := listPast(ctx, tx, id)
		if err != nil {
			return i, "", err
		}
		n := standing(history)
		if n < 0 {
			return i, "", web.NewProblem(web.Conflict, "there is nothing to take back: nobody moved or confirmed the place of the incident, or all that was taken back")
		}
		last := history[n]
		if err := access.Ask(ctx, access.IncidentTriage, last.From.Areas); err != nil {
			return i, "", err
		}
		switch {
		case last.Deed == Moved:
			to, err := i.backTo(last.From)
			return to, MovedBack, err
		case i.over():
			return i, "", web.NewProblem(web.Conflict, "the incident is over: nobody looks at its place any more")
		}
		i.Review = last.From.waitedFor()
		return i, Unconfirmed, nil
	})
}

// standing is the index of the last move or confirmation of a history that was not taken back; -1 where there is none.
func standing(history []Past) int {
	back := 0
	for n, past := range slices.Backward(history) {
		switch past.Deed {
		case MovedBack, Unconfirmed:
			back++
		case Moved, Confirmed:
			if back == 0 {
				return n
			}
			back--
		}
	}
	return -1
}

// over tells whether nobody has to do anything about an incident any more.
func (i *Incident) over() bool { return i.Status == Closed || i.Status == Cancelled }

// backTo is the incident where it lay before. Nobody looks at the place of one that is over.
func (i Incident) backTo(p *Place) (Incident, error) {
	place, err := geo.PointOf(p.Lon, p.Lat)
	if err != nil {
		return i, err
	}
	to := i
	to.Place, to.Cell, to.AccuracyM = place, geo.CellAt(place, geo.IncidentResolution), p.AccuracyM
	to.Snap, to.Edition, to.Codes, to.County, to.Branch, to.Review = cmp.Or(p.Snap, snap.Owned), p.Edition, p.Areas, "", p.Branch, p.Review
	if len(p.Areas) > 0 {
		to.County = p.Areas[0]
	} else {
		to.Snap = snap.Outside
	}
	if i.over() {
		to.Review = ""
	}
	return to, nil
}

// waitedFor is why somebody should have looked at an incident that was confirmed there. Rows of histories that are older than Review do not say it; outside
// there is one reason.
func (p *Place) waitedFor() Review {
	if p.Review == "" && len(p.Areas) == 0 {
		return OutsideReview
	}
	return cmp.Or(p.Review, BorderReview)
}

// History is what was done to an incident, the oldest first, and the incident as it was before that was asked for. Places beside the areas where the actor
// may see incidents are left out.
func (s *Service) History(ctx context.Context, id uuid.UUID) (history []Past, i Incident, err error) {
	if i, err = s.Find(ctx, id); err != nil {
		return nil, i, err
	}
	scope, err := access.AskScope(ctx, access.IncidentRead)
	if err != nil {
		return nil, i, err
	}
	if history, err = listPast(ctx, s.pool, id); err != nil {
		return nil, i, err
	}
	if n := standing(history); n >= 0 {
		triage := access.Within(access.From(ctx), access.IncidentTriage)
		history[n].Undoable = triage.Holds(i.Codes) && triage.Holds(history[n].From.Areas) && (history[n].Deed == Moved || !i.over())
	}
	for n := range history {
		for _, place := range []**Place{&history[n].From, &history[n].To} {
			if *place != nil && !scope.Holds((*place).Areas) {
				*place = nil
			}
		}
	}
	return history, i, nil
}
