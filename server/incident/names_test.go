package incident

import (
	"os"
	"strings"
	"testing"
)

// Pages, files and counts call channels and steps by the same words.
func TestNamesAreThoseOfThePages(t *testing.T) {
	t.Parallel()
	read := func(language string) string {
		texts, err := os.ReadFile("../../webmap/src/i18n/" + language + ".ts")
		if err != nil {
			t.Fatal(err)
		}
		return string(texts)
	}
	zh, en := read("zh"), read("en")
	names := map[string]Name{}
	for _, c := range channelOrder {
		names["channel."+string(c)] = ChannelNames[c]
	}
	for _, s := range statusOrder {
		names["status."+string(s)] = StatusNames[s]
	}
	for key, name := range names {
		for _, side := range []struct{ texts, name string }{{zh, name.ZH}, {en, name.EN}} {
			if line := "'" + key + "': '" + side.name + "',"; !strings.Contains(side.texts, line) {
				t.Errorf("the pages do not say %s", line)
			}
		}
	}
	if len(names) != len(ChannelNames)+len(StatusNames) {
		t.Errorf("%d names of %d", len(names), len(ChannelNames)+len(StatusNames))
	}
}
