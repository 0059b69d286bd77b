package incident

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/db"
)

// maskedAtOnce is how many incidents are looked at in one transaction.
const maskedAtOnce = 5_000

// MaskOld masks the texts of incidents that were stored before there were keys, and seals what they were. It goes on where an earlier call was
// stopped: incident_unmasked says up to which id there is something left to look at, and moves with each batch in the same
// transaction. Of several servers one does it. It changes nothing where all is done. Cost: about a minute for 5 million incidents.
func (s *Service) MaskOld(ctx context.Context) error {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return err
	}
	looked, changed := 0, 0
	for {
		more := false
		err := db.InLongTx(ctx, s.pool, func(tx pgx.Tx) error {
			var upto uuid.UUID
			err := tx.QueryRow(ctx, `SELECT upto FROM incident_unmasked FOR UPDATE SKIP LOCKED`).Scan(&upto)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			old, err := listFrom(ctx, tx, upto, maskedAtOnce)
			if err != nil {
				return err
			}
			var private []Incident
			for _, i := range old {
				if i.maskTexts() {
					private = append(private, i)
				}
			}
			if err := savePrivate(ctx, tx, s.keys, private, s.now()); err != nil {
				return err
			}
			if err := saveTexts(ctx, tx, private); err != nil {
				return err
			}
			looked, changed = looked+len(old), changed+len(private)
			if more = len(old) == maskedAtOnce; !more {
				_, err = tx.Exec(ctx, `DELETE FROM incident_unmasked`)
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE incident_unmasked SET upto = $1`, old[len(old)-1].ID)
			return err
		})
		if err != nil {
			return fmt.Errorf("mask what was stored before: %w", err)
		}
		if !more {
			break
		}
	}
	if looked > 0 {
		slog.InfoContext(ctx, "masked the texts of earlier incidents", "looked_at", looked, "changed", changed)
	}
	return nil
}

// listFrom is at most limit incidents with an id up to one, the highest first.
func listFrom(ctx context.Context, tx pgx.Tx, upto uuid.UUID, limit int) ([]Incident, error) {
	rows, err := tx.Query(ctx, `SELECT `+stored+` FROM incident WHERE id <= $1 ORDER BY id DESC LIMIT $2`, upto, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// saveTexts changes the texts of incidents.
func saveTexts(ctx context.Context, tx pgx.Tx, incidents []Incident) error {
	batch := &pgx.Batch{}
	for _, i := range incidents {
		batch.Queue(`UPDATE incident SET title = $3, description = $4 WHERE county = $1 AND id = $2`, i.County, i.ID, i.Title, i.Description)
	}
	return tx.SendBatch(ctx, batch).Close()
}
