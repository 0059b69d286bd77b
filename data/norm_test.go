package data

import "testing"

func TestNorms(t *testing.T) {
	t.Parallel()
	norms, err := Norms()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range norms {
		if n.Min < 1 || n.Max <= n.Min || n.Level == "" || n.MinAreaM2 <= 0 {
			t.Errorf("%+v", n)
		}
	}
	if len(norms) == 0 {
		t.Error("no norms")
	}
}
