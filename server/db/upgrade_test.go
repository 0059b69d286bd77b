package db_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"jingwei/server/db/dbtest"
)

// What was stored before there were reporters is as good as what is stored now: closed incidents know since when, and what a writer repeats
// across the upgrade is found.
func TestIncidentsOfBefore(t *testing.T) {
	t.Parallel()
	address := dbtest.Blank(t)
	migrateTo(t, address, 10)
	execute(t, address, `
		INSERT INTO item (code, name, name_en, field, field_en, tier, lead, assist, urgency, difficulty)
			VALUES ('noise', 'n', 'n', 'f', 'f', 'enforcement', 'l', '{}', 'normal', 'simple');
		SELECT ensure_months('incident', '2026-07-28', '2026-07-28');
		INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, title, geom, cell, snap, edition)
			SELECT '', overlay(uuid_v7_floor('2026-07-28')::text PLACING to_char(n, 'FM000') FROM 34)::uuid, '2026-07-28', '2026-07-29', 'resident', 'noise', status, 't',
				ST_SetSRID(ST_MakePoint(1, 2), 4326), 1, 'outside', 0
			FROM unnest('{collected,evaluated,closed,cancelled}'::text[]) WITH ORDINALITY AS s (status, n);
		INSERT INTO incident_key SELECT 'key ' || status, '\x01', county, id, received_at FROM incident`)
	pool := mustOpen(t, address, "")
	rows, err := pool.Query(t.Context(), `
		SELECT status || ' ' || coalesce((closed_at = received_at)::text, 'open') || ' ' || sender || ' ' || key
		FROM incident i JOIN incident_key k ON k.incident = i.id ORDER BY i.id`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := "[collected open earlier key collected evaluated open earlier key evaluated closed true earlier key closed cancelled true earlier key cancelled]"
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v", got, err)
	}
}
