package importing

import (
	"testing"

	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// logReport shows what a failing test has to say.
func logReport(t testing.TB, r *Report) {
	t.Helper()
	for _, p := range r.Problems {
		t.Log("problem:", p)
	}
	for _, p := range r.Warnings {
		t.Log("warning:", p)
	}
	t.Logf("read %d, vertices %d, added %d, changed %d, unchanged %d, edition %d; %d repairs, %d problems, %d warnings",
		r.Read, r.Vertices, r.Added, r.Changed, r.Unchanged, r.Edition, r.RepairCount, r.ProblemCount, r.WarningCount)
}
