package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area/areatest"
)

// TestSwap publishes a hundred editions one after the other, in which one border goes back and forth between two states, while
// clients ask for a snap and for tiles all the time. Every answer must be wholly of one edition: a tile must be one of the two that
// the states have, a snap must name the owner that its edition gives, and no client may see time run backwards.
func TestSwap(t *testing.T) {
	t.Parallel()
	const editions = 100
	s := setupCounty(t)
	var states [2][]coverage.Area
	for i := range states {
		for _, a := range areatest.Areas() {
			ring := a.Shape[0][0] // south-west, south-east, north-east, north-west
			shift := int32(i) * 4000
			switch a.Code {
			case firstGrid + "01":
				ring[1].Lon += shift
				ring[2].Lon += shift
				states[i] = append(states[i], a)
			case firstGrid + "02":
				ring[0].Lon += shift
				ring[3].Lon += shift
				states[i] = append(states[i], a)
			}
		}
	}
	owner := [2]string{firstGrid + "02", firstGrid + "01"} // of a point between the two borders
	between := fmt.Sprintf("/api/v1/snap?lon=%v&lat=31.339", areatest.WestDeg+0.0025+2000.0/geo.UnitsPerDegree)
	var paths []string
	for _, z := range []maptile.Zoom{14, 16} {
		at := maptile.At(orb.Point{areatest.WestDeg + 0.0025, 31.339}, z)
		paths = append(paths, fmt.Sprintf("/tiles/areas/%d/%d/%d.mvt", z, at.X, at.Y))
	}

	// The tiles of each state, seen while it is the only one; the first edition is the first state.
	var tiles [2][][]byte
	learn := func(state int) {
		for _, path := range paths {
			tiles[state] = append(tiles[state], s.get(path).body)
		}
	}
	learn(0)
	publish := func(number int) {
		areatest.Publish(t, s.db.Pool, states[(number+1)%2], areatest.Effective.AddDate(0, 0, number))
		for deadline := time.Now().Add(30 * time.Second); s.app.areas.Current().Edition.Number < number; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("edition %d does not come", number)
			}
		}
	}
	publish(2)
	s.awaitTile(paths[0], tiles[0][0])
	learn(1)
	for i := range paths {
		if bytes.Equal(tiles[0][i], tiles[1][i]) || len(tiles[1][i]) == 0 {
			t.Fatalf("%s does not tell the states apart", paths[i])
		}
	}

	var done atomic.Bool
	var asked [4]atomic.Int64 // by path, and the snap last
	var seen [2]atomic.Int64  // tiles by state
	var clients sync.WaitGroup
	for client := range 2 {
		clients.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			http := &http.Client{Transport: transport}
			last := 0
			for round := client; !done.Load() && !t.Failed(); round++ {
				which := round % (len(paths) + 2)
				asked[which].Add(1)
				switch which {
				case len(paths):
					last = checkSnap(t, http, s.url+between, owner, last)
					continue
				case len(paths) + 1:
					checkNamed(t, http, s.url, paths[0], tiles)
					continue
				}
				body, _, err := fetch(http, s.url+paths[which])
				switch {
				case err != nil:
					t.Errorf("%s: %v", paths[which], err)
				case bytes.Equal(body, tiles[0][which]):
					seen[0].Add(1)
				case bytes.Equal(body, tiles[1][which]):
					seen[1].Add(1)
				default:
					t.Errorf("%s: a tile of %d bytes that no edition has", paths[which], len(body))
				}
			}
		})
	}
	for number := 3; number <= editions; number++ {
		publish(number)
	}
	done.Store(true)
	clients.Wait()
	t.Logf("asked %d times for tiles and %d for snaps; %d tiles of one state, %d of the other",
		asked[0].Load()+asked[1].Load()+asked[3].Load(), asked[2].Load(), seen[0].Load(), seen[1].Load())
	if seen[0].Load() == 0 || seen[1].Load() == 0 {
		t.Error("only one state was seen")
	}
}

// awaitTile asks until a tile is another than it was.
func (s *site) awaitTile(path string, was []byte) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); bytes.Equal(s.get(path).body, was); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s stays the same", path)
		}
	}
}

// checkNamed asks for the tile that TileJSON names. If the answer may be kept for ever, it must be of the edition in its URL.
func checkNamed(t *testing.T, client *http.Client, url, path string, tiles [2][][]byte) {
	t.Helper()
	body, _, err := fetch(client, url+"/tiles/areas.json")
	var about struct {
		Tiles []string `json:"tiles"`
	}
	if err := errors.Join(err, json.Unmarshal(body, &about)); err != nil || len(about.Tiles) != 1 {
		t.Errorf("TileJSON: %v: %s", err, body)
		return
	}
	_, query, _ := strings.Cut(about.Tiles[0], "?")
	body, header, err := fetch(client, url+path+"?"+query)
	if err != nil {
		t.Errorf("%s?%s: %v", path, query, err)
		return
	}
	var edition int
	if _, err := fmt.Sscanf(query, "edition=%d&", &edition); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	if strings.Contains(header.Get("Cache-Control"), "immutable") && !bytes.Equal(body, tiles[(edition+1)%2][0]) {
		t.Errorf("%s?%s: the tile is of another edition", path, query)
	}
}

// checkSnap wants the owner of the edition that the answer names, and no earlier edition than the last.
func checkSnap(t *testing.T, client *http.Client, url string, owner [2]string, last int) int {
	t.Helper()
	body, _, err := fetch(client, url)
	if err != nil {
		t.Errorf("snap: %v", err)
		return last
	}
	var answer struct {
		Edition int `json:"edition"`
		Areas   []struct {
			Code string `json:"code"`
		} `json:"areas"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Areas) != 5 {
		t.Errorf("snap: %v: %s", err, body)
		return last
	}
	if got := answer.Areas[4].Code; got != owner[(answer.Edition+1)%2] {
		t.Errorf("snap: edition %d gives %s", answer.Edition, got)
	}
	if answer.Edition < last {
		t.Errorf("snap: edition %d after %d", answer.Edition, last)
	}
	return answer.Edition
}

func fetch(client *http.Client, url string) ([]byte, http.Header, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return body, response.Header, err
}
