package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"jingwei/server/access/accesstest"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
)

// liveRows are the live stream: who is told of what happens where, and who is replayed it later.
func (m *matrix) liveRows() []row {
	const (
		all      = "has has has has | has has has has has | has has has has has | has has has | has has"
		ofTown   = "not not not not | has has has has has | has has has has has | not not not | not has"
		ofAll    = "not not not not | not not not not not | has has has has has | not not not | not not"
		imported = ofTown // to whoever sees incidents anywhere; it says nothing of any
	)
	incident := func(p spot) func() string {
		return func() string {
			var created struct{ ID string }
			m.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"直播"}`, p.lon, p.lat, anyItem)).into(m.t, http.StatusCreated, &created)
			return created.ID
		}
	}
	file := func() string {
		out := "lon,lat,reported_at,item,title\n"
		out += fmt.Sprintf("%v,%v,%s,%s,导入\n", outsideLon, outsideLat, time.Now().UTC().Add(-time.Hour).Format(time.RFC3339), anyItem)
		if code, _, errOut := jingwei(m.t, strings.NewReader(out), "import", "incidents", "-", "--database-url", m.db.Config().ConnString(), "--key-file", m.app.keys.Path()); code != 0 {
			m.t.Fatal(errOut)
		}
		return "incident.imported"
	}
	edition := func() string {
		areas := areatest.Areas()
		for i := range areas {
			if areas[i].Code == outsideTown {
				areas[i].Name = "改名"
				areatest.Publish(m.t, m.db.Pool, areas[i:i+1], time.Now())
			}
		}
		return "edition.published"
	}
	const stream = "GET /api/v1/events"
	return []row{
		{stream, "incident inside", m.told(incident(m.inside), false), ofTown},
		{stream, "incident outside", m.told(incident(m.outside), false), ofAll},
		{stream, "incident nowhere", m.told(incident(m.nowhere), false), ofAll},
		{stream, "import", m.told(file, false), imported},
		{stream, "edition", m.told(edition, false), all},
		{stream, "replayed: incident inside", m.told(incident(m.inside), true), ofTown},
		{stream, "replayed: incident outside", m.told(incident(m.outside), true), ofAll},
		{stream, "replayed: incident nowhere", m.told(incident(m.nowhere), true), ofAll},
	}
}

// told lets something happen once, with everybody on the stream or, for a replay, with everybody coming after it with Last-Event-ID 0. The
// outcome is whether the text that happen gives was on the stream before an event that all get.
func (m *matrix) told(happen func() string, replay bool) func(*caller) string {
	outcomes := map[*caller]string{}
	run := func() {
		streams := map[*caller]<-chan sse{}
		if !replay {
			for _, c := range m.callers {
				streams[c] = c.follow("")
				next(m.t, streams[c], "hello")
			}
		}
		text := happen()
		m.made++
		last := fmt.Sprintf("END%d", m.made)
		err := branch.NewService(m.db.Pool).Save(accesstest.Operator(m.t), []branch.Branch{{Code: last, Name: last, Kind: "group"}}, []branch.Assignment{{Area: outsideArea, Branch: last}})
		if err != nil {
			m.t.Fatal(err)
		}
		if replay { // when the hub has numbered them
			events := m.follow("0")
			for e := next(m.t, events, "incident.created"); !strings.Contains(e.data, text); e = next(m.t, events, "incident.created") {
			}
			next(m.t, events, "branch.changed")
			for _, c := range m.callers {
				streams[c] = c.follow("0")
			}
		}
		heardBy := make([]string, len(m.callers))
		var all sync.WaitGroup
		for i, c := range m.callers {
			all.Go(func() { heardBy[i] = heard(streams[c], text) })
		}
		all.Wait()
		for i, c := range m.callers {
			outcomes[c] = heardBy[i]
		}
	}
	return func(c *caller) string {
		if len(outcomes) == 0 {
			run()
		}
		return outcomes[c]
	}
}

// heard reads a stream until nothing has come for a while after the last event that everybody gets.
func heard(events <-chan sse, text string) string {
	found, last := "not", false
	for wait := 20 * time.Second; ; {
		select {
		case e, ok := <-events:
			if !ok {
				return "ended"
			}
			if strings.Contains(e.event+" "+e.data, text) {
				found = "has"
			}
			if e.event == "branch.changed" {
				last, wait = true, 200*time.Millisecond
			}
		case <-time.After(wait):
			if !last {
				return "silence"
			}
			return found
		}
	}
}
