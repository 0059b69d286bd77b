package hotline

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area/areatest"
	"jingwei/server/station"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	names := map[string]string{
		"320282001": "宜城街道", "320282001001": "东风社区居民委员会", "320282001002": "东风新村社区", "320282002": "丁蜀镇", "320282002001": "东风村村民委员会",
	}
	named := areatest.Areas()
	for i := range named {
		if name, ok := names[named[i].Code]; ok {
			named[i].Name = name
		} else {
			named[i].Name = "微网格" // as many as there are, they lead nowhere
		}
	}
	areatest.Publish(t, pool, named, areatest.Effective.AddDate(0, 1, 0))
	if _, err := s.areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return station.Save(accesstest.Operator(t), tx, s.areas.Current(), []station.Station{
			{Code: "S1", Kind: "estate_station", Name: "东风小区驿站", Place: inFirstTown}, {Code: "S2", Kind: "estate_station", Name: "荆溪驿站", Place: inFirstTown},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	all := accesstest.Person(t, access.Dispatcher)
	for n, c := range []struct {
		address string
		ctx     context.Context
		want    []string
	}{
		{"宜城街道东风社区3号", all, []string{"320282001001", "320282001"}}, // not 东风村
		{"宜城东风新村社区门口", all, []string{"320282001002", "320282001"}},
		{"丁蜀东风村微网格", all, []string{"320282002001", "320282002"}},
		{"宜城街道东风小区驿站旁", all, []string{"S1", "320282001001", "320282001", "320282002001"}},
		{"荆溪驿站", accesstest.Person(t, access.Dispatcher, firstTown), []string{"S2"}},
		{"丁蜀镇东风村", accesstest.Person(t, access.Dispatcher, firstTown), nil},
		{"某处", all, nil},
	} {
		call := someCall("DH-" + string(rune('a'+n)))
		call.Address, call.Caller = c.address, someone
		mustReceive(t, s, all, call, time.Now().String())
		candidates, err := s.Candidates(c.ctx, call.Number)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, candidate := range candidates {
			got = append(got, candidate.Code)
			if candidate.Score <= 0 || candidate.Score > 1 {
				t.Errorf("%s: %+v", c.address, candidate)
			}
			if candidate.Kind == "area" && !slices.Contains(s.snap.Locate(candidate.Place).Codes, candidate.Code) {
				t.Errorf("%s does not hold its own point", candidate.Code)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (%+v)", c.address, got, c.want, candidates)
		}
	}
}
