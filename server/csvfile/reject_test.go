package csvfile

import "testing"

func TestGuard(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "路灯": "路灯", "a=1": "a=1", " =1": " =1", "'=1": "'=1", "-12.5": "-12.5", "+86": "+86", "1e3": "1e3", "-1e3": "-1e3",
		"=1+1": "'=1+1", "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1+cmd": "'+1+cmd", "-": "'-", "-1-1": "'-1-1", "@SUM(1)": "'@SUM(1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x",
		"\xff=1": "\ufffd=1", "=\xff": "'=\ufffd",
	} {
		if got := Guard(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}
