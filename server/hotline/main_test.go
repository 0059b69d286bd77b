package hotline

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/db/dbtest"
	"jingwei/server/incident"
	"jingwei/server/item"
	"jingwei/server/seal"
	"jingwei/server/snap"
	"jingwei/server/station"
	"jingwei/server/web"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var now = time.Date(2026, 7, 28, 9, 0, 0, 0, time.UTC)

const testCategories = `{"default": "noise", "categories": [
	{"category": "公安/违法停车", "item": "illegal_parking"},
	{"category": "城乡建设", "item": "common_space"}
]}`

// setup makes a service over areatest's county, three items, and a pool that looks behind it.
func setup(t testing.TB) (*Service, *pgxpool.Pool) {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	keys, err := seal.Create(filepath.Join(t.TempDir(), "keys.json"), now)
	if err != nil {
		t.Fatal(err)
	}
	return service(t, pool, keys, testItems(t, pool)), pool
}

func testItems(t testing.TB, pool *pgxpool.Pool) *item.Service {
	t.Helper()
	var entries []item.Item
	for code, name := range map[string]string{"illegal_parking": "违法停车", "common_space": "占用公共空间", "noise": "噪声扰民"} {
		entries = append(entries, item.Item{
			Code: code, Name: name, NameEN: code, Field: "综合执法", FieldEN: "Law enforcement", Tier: "enforcement", Lead: "公安局", Assist: []string{},
			Urgency: "normal", Difficulty: "simple",
		})
	}
	items := item.NewService(pool)
	if err := items.Save(accesstest.Operator(t), entries); err != nil {
		t.Fatal(err)
	}
	return items
}

func service(t testing.TB, pool *pgxpool.Pool, keys *seal.Ring, items *item.Service) *Service {
	t.Helper()
	clock := func() time.Time { return now }
	areas, err := area.NewService(pool)
	if err != nil {
		t.Fatal(err)
	}
	branches := branch.NewService(pool)
	_, errAreas := areas.Reload(t.Context())
	categories, errCategories := ParseCategories("test.json", []byte(testCategories))
	if err := errors.Join(errAreas, errCategories, branches.Reload(t.Context())); err != nil {
		t.Fatal(err)
	}
	where := snap.NewService(areas, branches, 0)
	incidents := incident.NewService(pool, areas, branches, where, items, keys, clock)
	return NewService(pool, areas, station.NewService(pool, areas), where, incidents, keys, categories, clock)
}

func point(lon, lat float64) geo.Point {
	p, err := geo.PointOf(lon, lat)
	if err != nil {
		panic(err)
	}
	return p
}

// Places in areatest's county.
var (
	inFirstTown  = point(119.801, 31.339)
	inSecondTown = point(119.8214, 31.3214)
)

var firstTown = access.Area{Code: "320282001", Level: "town"}

// Somebody who calls, and who must not be found anywhere.
var someone = incident.Private{Name: "欧阳试密", Phone: "13987651234", Home: "宜城街道东风小区12幢3单元501室"}

func someCall(number string) Call {
	return Call{
		Number: number, Caller: someone, Address: "宜城街道东风小区12幢3单元501室门口", Category: "公安/违法停车",
		Title: "欧阳试密反映堵塞", Content: "请回电139-8765-1234，门口停了一排车", Demand: Complain,
	}
}

func count(t testing.TB, pool *pgxpool.Pool, sql string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func is(err error, code web.Code) bool {
	p, ok := web.AsProblem(err)
	return ok && p.Code == code
}

// logged is what the log says of tickets: action, object, areas, reason.
func logged(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		SELECT concat_ws(' ', action, object, cardinality(areas), reason, after::text) FROM audit WHERE action LIKE 'ticket.%' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func mustReceive(t testing.TB, s *Service, ctx context.Context, c Call, body string) Ticket { //nolint:revive // t first
	t.Helper()
	ticket, _, err := s.Receive(ctx, c, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}
