package branch

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// LoadDirectory reads the branches as a transaction sees them. For one consistent state it must be repeatable read.
func LoadDirectory(ctx context.Context, tx pgx.Tx) (*Directory, error) {
	d := &Directory{byCode: map[string]*Branch{}, byArea: map[string]*Branch{}}
	if err := tx.QueryRow(ctx, `SELECT pg_current_snapshot()::text`).Scan(&d.Revision); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT code, name, kind, coalesce(parent, ''), secretary, phone, members, invented FROM branch`)
	if err != nil {
		return nil, err
	}
	branches, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Branch])
	if err != nil {
		return nil, err
	}
	for i := range branches {
		d.byCode[branches[i].Code] = &branches[i]
	}
	rows, err = tx.Query(ctx, `SELECT area, branch FROM branch_area`)
	if err != nil {
		return nil, err
	}
	assignments, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Assignment])
	for _, a := range assignments {
		d.byArea[a.Area] = d.byCode[a.Branch]
	}
	return d, err
}

// save copies branches and assignments into the database: new codes are added, known ones replaced, with all they answer for. The county of a branch is that of
// an area it answers for, or its parent's.
func save(ctx context.Context, tx pgx.Tx, branches []Branch, assignments []Assignment) error {
	if _, err := tx.Exec(ctx, `
		CREATE TEMP TABLE new_branch (LIKE branch INCLUDING DEFAULTS) ON COMMIT DROP;
		ALTER TABLE new_branch ALTER county DROP NOT NULL, ADD n integer;
		CREATE TEMP TABLE new_branch_area (LIKE branch_area) ON COMMIT DROP`); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"new_branch"},
		[]string{"n", "code", "name", "kind", "parent", "secretary", "phone", "members", "invented"},
		pgx.CopyFromSlice(len(branches), func(i int) ([]any, error) {
			b := branches[i]
			var parent *string
			if b.Parent != "" {
				parent = &b.Parent
			}
			return []any{i, b.Code, b.Name, b.Kind, parent, b.Secretary, b.Phone, b.Members, b.Invented}, nil
		})); err != nil {
		return fmt.Errorf("copy branches: %w", err)
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"new_branch_area"}, []string{"area", "branch"},
		pgx.CopyFromSlice(len(assignments), func(i int) ([]any, error) {
			return []any{assignments[i].Area, assignments[i].Branch}, nil
		})); err != nil {
		return fmt.Errorf("copy assignments: %w", err)
	}
	_, err := tx.Exec(ctx, `
		UPDATE new_branch b SET county = a.county FROM new_branch_area x JOIN area a ON a.code = x.area WHERE x.branch = b.code;
		-- A branch without areas belongs where the nearest branch above belongs, and else stays where it was.
		WITH RECURSIVE tree AS (
			SELECT code, parent, county FROM new_branch
			UNION ALL SELECT code, parent, county FROM branch WHERE code NOT IN (SELECT code FROM new_branch)
		), up AS (
			SELECT code AS leaf, parent AS code, 1 AS depth FROM new_branch WHERE county IS NULL
			UNION ALL SELECT up.leaf, tree.parent, up.depth + 1 FROM up JOIN tree ON tree.code = up.code WHERE tree.county IS NULL AND up.depth < 100
		)
		UPDATE new_branch b SET county = above.county
		FROM (SELECT DISTINCT ON (up.leaf) up.leaf, tree.county FROM up JOIN tree ON tree.code = up.code WHERE tree.county IS NOT NULL
		      ORDER BY up.leaf, up.depth) above
		WHERE above.leaf = b.code;
		UPDATE new_branch b SET county = old.county FROM branch old WHERE b.county IS NULL AND old.code = b.code;
		INSERT INTO branch (code, county, name, kind, parent, secretary, phone, members, invented)
		SELECT code, county, name, kind, parent, secretary, phone, members, invented FROM new_branch ORDER BY n
		ON CONFLICT (code) DO UPDATE SET county = excluded.county, name = excluded.name, kind = excluded.kind, parent = excluded.parent,
			secretary = excluded.secretary, phone = excluded.phone, members = excluded.members, invented = excluded.invented;
		DELETE FROM branch_area x USING new_branch b WHERE b.code = x.branch;
		INSERT INTO branch_area SELECT area, branch FROM new_branch_area
		ON CONFLICT (area) DO UPDATE SET branch = excluded.branch`)
	if err != nil {
		return fmt.Errorf("store branches: %w", err)
	}
	return nil
}
