package incident

import (
	"os"
	"strings"
	"testing"
)

// Pages, files and counts call channels and steps by the same words.
func TestNamesAreThoseOfThePages(t *testing.T) {
	t.Parallel()
	texts, err := os.ReadFile("../../webmap/src/i18n/en.ts")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]Name{}
	for _, c := range channelOrder {
		names["channel."+string(c)] = ChannelNames[c]
	}
	for _, s := range statusOrder {
		names["status."+string(s)] = StatusNames[s]
	}
	for key, name := range names {
		if line := "'" + key + "': '" + name.EN + "',"; name.ZH == "" || !strings.Contains(string(texts), line) {
			t.Errorf("the pages do not say %s", line)
		}
	}
	if len(names) != len(ChannelNames)+len(StatusNames) {
		t.Errorf("%d names of %d", len(names), len(ChannelNames)+len(StatusNames))
	}
}
