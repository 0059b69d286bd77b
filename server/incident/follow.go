package incident

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// receiptAgain is the receipt that an incident was given before.
func (s *Service) receiptAgain(ctx context.Context, q db.Querier, i Incident) (Receipt, error) {
	stored, ok, err := findReceiptOf(ctx, q, i)
	if err != nil || !ok {
		return Receipt{}, err
	}
	return stored.again(s.keys), nil
}

// Follow finds the incident that a receipt was given for, in an archived month too. An unknown number, a wrong secret and what is no receipt at all are
// answered alike.
func (s *Service) Follow(ctx context.Context, r Receipt) (Incident, Receipt, error) {
	if err := access.Ask(ctx, access.IncidentReport, nil); err != nil {
		return Incident{}, Receipt{}, err
	}
	unknown := web.NewProblem(web.NotFound, "no report has this number and secret; both stand on the receipt")
	number, secret, ok := parseReceipt(r)
	if !ok {
		return Incident{}, Receipt{}, unknown
	}
	stored, _, err := findReceipt(ctx, s.pool, number)
	if err != nil {
		return Incident{}, Receipt{}, err
	}
	if !stored.opens(secret) { // compared where there is none, too: both take the same time
		return Incident{}, Receipt{}, unknown
	}
	i, ok, err := findAlsoArchived(ctx, s.pool, stored.incident)
	if err == nil && !ok {
		err = unknown
	}
	return i, Receipt{Number: spoken(stored.number)}, err
}

// Sealing says whether something is sealed with an incident, and whether it can be opened.
type Sealing string

// The states of what is sealed.
const (
	NothingSealed Sealing = "nothing"
	Sealed        Sealing = "sealed"
	Unavailable   Sealing = "unavailable" // the key is missing, or the bytes were altered; the log says which
)

// Reporter is who reported an incident that the actor may see, masked. The texts of the Private are empty.
func (s *Service) Reporter(ctx context.Context, i Incident) (Private, Sealing, error) {
	if err := access.Ask(ctx, access.IncidentRead, i.Codes); err != nil {
		return Private{}, NothingSealed, err
	}
	p, ok, err := findPrivate(ctx, s.pool, s.keys, i)
	switch {
	case isUnopenable(err):
		slog.ErrorContext(ctx, "personal data cannot be opened", "incident", i.ID, "error", err)
		return Private{}, Unavailable, nil
	case err != nil || !ok:
		return Private{}, NothingSealed, err
	}
	return p.Masked(), Sealed, nil
}

// isUnopenable tells that sealed bytes are there and cannot be read.
func isUnopenable(err error) bool {
	var unknown *seal.UnknownKeyError
	return errors.As(err, &unknown) || errors.Is(err, seal.ErrUnsealable) || errors.Is(err, seal.ErrNoKeys)
}

// The length of a reason, in characters.
const (
	minReason = 5
	maxReason = 500
)

// Unseal opens who reported an incident, and its words as they were written, for a reason that goes into the audit log, masked as reports are. What is given
// out has been logged before.
func (s *Service) Unseal(ctx context.Context, id uuid.UUID, reason string) (p Private, err error) {
	i, err := s.Find(ctx, id)
	if err != nil {
		return Private{}, err
	}
	reason = strings.Join(strings.Fields(reason), " ")
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return Private{}, web.NewProblem(web.Invalid, "reason must say in 5 to 500 characters what the data are needed for").At("body.reason", nil)
	}
	entry := audit.Entry{Action: string(access.ReporterUnseal), Object: object(i.ID), Areas: i.Codes}
	if err := access.Ask(ctx, access.ReporterUnseal, i.Codes); err != nil {
		entry.Outcome = audit.Refused // without the reason: only what is sealed tells whose name stands in it
		if err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, entry) }); err != nil {
			return Private{}, err
		}
		return Private{}, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var ok bool
		p, ok, err = findPrivate(ctx, tx, s.keys, i)
		switch {
		case isUnopenable(err):
			return web.NewProblem(web.Conflict, "the data cannot be opened: "+err.Error())
		case err != nil:
			return err
		case !ok:
			return web.NewProblem(web.NotFound, "nothing is sealed with this incident: nobody gave a name, or its time is over and it was deleted")
		}
		entry.Reason = p.Mask(reason)
		return audit.Append(ctx, tx, entry)
	})
	if err != nil {
		return Private{}, err
	}
	if p.Title == "" {
		p.Title = i.Title
	}
	if p.Description == "" {
		p.Description = i.Description
	}
	return p, nil
}
