package csvfile

import (
	"strings"
	"testing"
)

func TestTableHasNoFormula(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	table := NewTable(&b, "a", "b")
	if b.Len() > 0 {
		t.Error("something is written before there is a row")
	}
	cells := []string{"=1+1", "-12.5"}
	if err := table.Write(cells); err != nil || cells[0] != "=1+1" {
		t.Errorf("%v, and the cells are %v", err, cells)
	}
	if err := table.Write([]string{"＠x", "甲,\n乙"}); err != nil {
		t.Error(err)
	}
	if err := table.Flush(); err != nil {
		t.Error(err)
	}
	if want := "\ufeffa,b\n'=1+1,-12.5\n'＠x,\"甲,\n乙\"\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestEmptyTableHasItsHeader(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := NewTable(&b, "a").Flush(); err != nil || b.String() != "\ufeffa\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}
