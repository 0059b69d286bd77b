package incident

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/live"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// Place is where an incident lay at some time, and whose it was.
type Place struct {
	Lon       float64     `json:"lon" doc:"EPSG:4326"`
	Lat       float64     `json:"lat"`
	AccuracyM *float64    `json:"accuracy_m,omitempty" doc:"Radius in which the true place lay, metres; left out where nobody said"`
	Snap      snap.Status `json:"snap,omitempty" enum:"owned,inferred,outside" doc:"Left out in what was done before this was kept"`
	Areas     []string    `json:"areas" doc:"Codes from the county to the finest area; empty outside"`
	Branch    string      `json:"branch" doc:"Code of the branch that answered; empty where none did"`
	Edition   int         `json:"edition" doc:"The edition it was snapped by"`
	Review    Review      `json:"review,omitempty" enum:"outside,border" doc:"Why somebody should look at it; left out where nobody need"`
}

func (i *Incident) where() Place {
	lon, lat := i.Place.Degrees()
	return Place{
		Lon: lon, Lat: lat, AccuracyM: i.AccuracyM, Snap: i.Snap, Areas: append([]string{}, i.Codes...), Branch: i.Branch, Edition: i.Edition, Review: i.Review,
	}
}

// Deed is what somebody did to an incident.
type Deed string

// The deeds.
const (
	Moved       Deed = "moved"       // the pin was moved, or now belongs to other areas
	Confirmed   Deed = "confirmed"   // it is right where it is
	MovedBack   Deed = "moved_back"  // a move was taken back
	Unconfirmed Deed = "unconfirmed" // a confirmation was taken back: somebody should look at it again
)

// Past is a row of an incident's history.
type Past struct {
	At     time.Time
	Deed   Deed
	By     string // login; "" the command line
	Reason string // masked
	From   *Place // nil where it lies beside the rights of whoever asks
	To     *Place

	Undoable bool // Undo would take it back, and whoever asks may do that; told by History
}

// Version changes with whatever a dispatcher decides by: the step, the place and whose it is. It is the ETag of an incident.
func (i *Incident) Version() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %v %s %d %s", i.Status, i.Place, i.Codes, i.Branch, i.Edition, i.Review))
	return hex.EncodeToString(sum[:8])
}

// Move moves the pin of an incident: it is snapped by the edition in effect, its history and one event say so, and nobody has to look at it any more. Its
// accuracy goes, for that was the device's. Where it lies there already with all that follows, it is confirmed; where nobody had to look at it either, nothing is done. The actor needs incident.triage where it lies and
// where it goes. version is what the actor has seen of it, as Version gives it, or "" for whatever it is now: a move that is based on an older one is refused.
func (s *Service) Move(ctx context.Context, id uuid.UUID, place geo.Point, reason, version string) (Incident, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason || strings.ContainsFunc(reason, reordering) {
		return Incident{}, web.NewProblem(web.Invalid, "reason must say in 5 to 500 characters why the pin is moved").At("body.reason", nil)
	}
	owner := s.snap.Locate(place)
	return s.decide(ctx, id, reason, version, func(_ pgx.Tx, i Incident) (Incident, Deed, error) {
		if err := access.Ask(ctx, access.IncidentTriage, owner.Codes); err != nil {
			if p, ok := web.AsProblem(err); ok {
				err = p.At("body.lon", nil)
			}
			return i, "", err
		}
		to := i.movedTo(place, owner)
		if to.Place != i.Place || !slices.Equal(to.Codes, i.Codes) || to.Branch != i.Branch || to.Snap != i.Snap {
			to.Review = ""
			return to, Moved, nil
		}
		return i.confirmed()
	})
}

// Confirm says that an incident is right where it is: nobody has to look at it any more. Where nobody had to, nothing is done. The actor needs incident.triage there; version is as in Move.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, reason, version string) (Incident, error) {
	return s.decideBriefly(ctx, id, reason, version, func(_ pgx.Tx, i Incident) (Incident, Deed, error) { return i.confirmed() })
}

// decideBriefly is decide for what needs no reason.
func (s *Service) decideBriefly(ctx context.Context, id uuid.UUID, reason, version string, change decision) (Incident, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	if utf8.RuneCountInString(reason) > maxReason || strings.ContainsFunc(reason, reordering) {
		return Incident{}, web.NewProblem(web.Invalid, "reason must have at most 500 characters").At("body.reason", nil)
	}
	return s.decide(ctx, id, reason, version, change)
}

// confirmed is the incident after somebody said that it is right where it is; nothing is done where nobody had to look at it.
func (i Incident) confirmed() (Incident, Deed, error) {
	if i.Review == "" {
		return i, "", nil
	}
	i.Review = ""
	return i, Confirmed, nil
}

// movedTo is the incident at another place, of which owner is the owner.
func (i Incident) movedTo(place geo.Point, owner snap.Result) Incident {
	to := i
	to.Place, to.Cell = place, geo.CellAt(place, geo.IncidentResolution)
	to.Snap, to.Edition, to.Codes, to.County, to.Branch = owner.Status, owner.Edition(), owner.Codes, "", ""
	if len(owner.Codes) > 0 {
		to.County = owner.Codes[0]
	}
	if owner.Branch != nil {
		to.Branch = owner.Branch.Code
	}
	if place != i.Place {
		to.AccuracyM = nil
	}
	return to
}

// decision is what becomes of an incident, and what that is; "" where nothing is done.
type decision func(tx pgx.Tx, from Incident) (to Incident, deed Deed, err error)

// decide changes where an incident lies, or what is thought of that, with its history, its one event and the log, in one transaction that holds its row.
func (s *Service) decide(ctx context.Context, id uuid.UUID, reason, version string, change decision) (to Incident, err error) {
	if _, err := s.Find(ctx, id); err != nil {
		return to, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		from, ok, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if scope := access.Within(access.From(ctx), access.IncidentRead); !ok || !scope.Holds(from.Codes) { // moved away since
			return web.NewProblem(web.NotFound, "no incident has the id "+id.String()).At("path.id", id)
		}
		if err := access.Ask(ctx, access.IncidentTriage, from.Codes); err != nil {
			return err
		}
		if version != "" && version != from.Version() {
			return web.NewProblem(web.Stale, "somebody moved, confirmed or handled the incident in the meantime; load it again").At("header.If-Match", version)
		}
		var deed Deed
		if to, deed, err = change(tx, from); err != nil || deed == "" {
			return err
		}
		private, _, err := findPrivate(ctx, tx, s.keys, from)
		if err != nil && !isUnopenable(err) {
			return err
		}
		past := Past{At: s.now(), Deed: deed, Reason: private.Mask(reason)}
		if err := saveMoved(ctx, tx, from, to); err != nil {
			return err
		}
		if err := savePast(ctx, tx, past, from, to); err != nil {
			return err
		}
		if err := live.Append(ctx, tx, live.Entry{
			Kind: live.IncidentMoved, Areas: union(from.Codes, to.Codes), Data: movedEvent{id}, Change: Change{From: from.counted(), To: to.counted()},
		}); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{
			Action: "incident." + map[Deed]string{Moved: "move", Confirmed: "confirm", MovedBack: "move_back", Unconfirmed: "unconfirm"}[deed], Object: object(id), Areas: to.Codes, Reason: past.Reason,
			Before: from.where(), After: to.where(),
		})
	})
	return to, err
}

// movedEvent is what is told of a move to everybody who sees either end: not where the other one is.
type movedEvent struct {
	ID uuid.UUID `json:"id"`
}

// union is a chain and what another has besides.
func union(a, b []string) []string {
	all := append([]string{}, a...)
	for _, code := range b {
		if !slices.Contains(a, code) {
			all = append(all, code)
		}
	}
	return all
}
