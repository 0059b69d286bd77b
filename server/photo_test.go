package main

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/server/access"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
)

type uploaded struct {
	ID                   string
	Width, Height, Bytes int
	Position             *struct{ Lon, Lat float64 }
}

func (s *site) upload(file []byte, header ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, "/api/v1/photos", string(file), append([]string{"Content-Type", "image/jpeg"}, header...)...)
}

func reportWith(title string, ids ...string) string {
	return strings.TrimSuffix(report(title), "}") + `,"photos":["` + strings.Join(ids, `","`) + `"]}`
}

func TestPhotos(t *testing.T) {
	t.Parallel()
	s := setupCounty(t).as() // the public reports
	viewer, beside := s.token(access.Viewer, "320282001"), s.token(access.Viewer, "320282002")
	var first, second uploaded
	s.upload(phototest.WithEXIF(phototest.JPEG(400, 300), phototest.EXIF{Orientation: 6, Lon: 119.8233, Lat: 31.3406, Camera: "SECRET"})).into(t, http.StatusCreated, &first)
	if first.Width != 300 || first.Height != 400 || first.Position == nil || first.Position.Lon != 119.8233 || first.Position.Lat != 31.3406 {
		t.Errorf("uploaded: %+v", first)
	}
	if stored := s.count(`SELECT count(*) FROM photo_upload WHERE octet_length(content) = $1 AND position('\x53454352'::bytea IN content) = 0`, first.Bytes); stored != 1 {
		t.Error("what is stored is not what was cleaned")
	}
	s.upload(phototest.JPEG(40, 30)).into(t, http.StatusCreated, &second)
	if second.Position != nil {
		t.Errorf("a position out of nowhere: %+v", second.Position)
	}

	answer := s.do(http.MethodPost, "/api/v1/incidents", reportWith("带照片", second.ID, first.ID), "Idempotency-Key", randomKey)
	var created, again struct{ ID string }
	answer.into(t, http.StatusCreated, &created)
	s.do(http.MethodPost, "/api/v1/incidents", reportWith("带照片", second.ID, first.ID), "Idempotency-Key", randomKey).into(t, http.StatusOK, &again)
	if again.ID != created.ID {
		t.Errorf("a repeat made %s beside %s", again.ID, created.ID)
	}
	path := "/api/v1/incidents/" + created.ID
	var found struct{ Photos []string }
	s.do(http.MethodGet, path, "", viewer...).into(t, http.StatusOK, &found)
	if !slices.Equal(found.Photos, []string{second.ID, first.ID}) {
		t.Errorf("photos %v", found.Photos)
	}
	one := path + "/photos/" + first.ID
	shown := s.do(http.MethodGet, one, "", viewer...)
	seen, err := jpeg.Decode(bytes.NewReader(shown.body))
	if err != nil || shown.status != http.StatusOK || seen.Bounds().Dx() != 300 || len(shown.body) != first.Bytes {
		t.Fatalf("the photo: %d, %v", shown.status, err)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "private, no-cache", "Content-Disposition": `inline; filename="` + first.ID + `.jpg"`,
		"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := shown.header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if policy := shown.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") {
		t.Errorf("policy %s", policy)
	}
	match := append([]string{"If-None-Match", shown.header.Get("ETag")}, viewer...)
	if a := s.do(http.MethodGet, one, "", match...); a.status != http.StatusNotModified || len(a.body) != 0 {
		t.Errorf("the same again: %d", a.status)
	}

	t.Run("who may see it", func(t *testing.T) {
		s.get(one).problem(t, http.StatusUnauthorized, "login_required")
		s.do(http.MethodGet, one, "", beside...).problem(t, http.StatusNotFound, "not_found")
		s.do(http.MethodGet, one, "", append([]string{"If-None-Match", shown.header.Get("ETag")}, beside...)...).problem(t, http.StatusNotFound, "not_found")
		s.do(http.MethodGet, one, "", s.token(access.SystemAdmin, "")...).problem(t, http.StatusForbidden, "forbidden")
		s.do(http.MethodGet, path+"/photos/"+created.ID, "", viewer...).problem(t, http.StatusNotFound, "not_found")
		// The photo of one incident is not found under another that the viewer may see.
		var other struct{ ID string }
		s.do(http.MethodPost, "/api/v1/incidents", report("另一个")).into(t, http.StatusCreated, &other)
		s.do(http.MethodGet, "/api/v1/incidents/"+other.ID+"/photos/"+first.ID, "", viewer...).problem(t, http.StatusNotFound, "not_found")
	})

	t.Run("what cannot be attached", func(t *testing.T) {
		before := s.count(`SELECT count(*) FROM incident`)
		var mine, third uploaded
		s.upload(phototest.JPEG(9, 9), s.token(access.Worker, "320282")...).into(t, http.StatusCreated, &mine)
		s.upload(phototest.JPEG(9, 9)).into(t, http.StatusCreated, &third)
		for name, c := range map[string]struct{ body, place string }{
			"taken already":           {reportWith("x", first.ID), "body.photos[0]"},
			"unknown":                 {reportWith("x", third.ID, "00000000-0000-4000-8000-000000000000"), "body.photos[1]"},
			"another account's":       {reportWith("x", mine.ID), "body.photos[0]"},
			"twice":                   {reportWith("x", third.ID, third.ID), "body.photos[1]"},
			"six":                     {reportWith("x", slices.Repeat([]string{third.ID}, 6)...), "body.photos"},
			"no id":                   {reportWith("x", "'; DROP TABLE photo; --"), "body"},
			"an incident for a photo": {reportWith("x", created.ID), "body.photos[0]"},
		} {
			a := s.do(http.MethodPost, "/api/v1/incidents", c.body)
			a.problem(t, http.StatusUnprocessableEntity, "invalid")
			if !strings.Contains(string(a.body), `"`+c.place+`"`) {
				t.Errorf("%s: %s does not name %s", name, a.body, c.place)
			}
		}
		if after := s.count(`SELECT count(*) FROM incident`); after != before {
			t.Errorf("%d incidents were stored without their photos", after-before)
		}
		// The failed reports left the photo where it was.
		s.do(http.MethodPost, "/api/v1/incidents", reportWith("x", third.ID)).into(t, http.StatusCreated, &created)
	})

	t.Run("a report of last year", func(t *testing.T) {
		var up uploaded
		s.upload(phototest.JPEG(9, 9)).into(t, http.StatusCreated, &up)
		body := strings.TrimSuffix(reportWith("去年", up.ID), "}") + `,"reported_at":"` + time.Now().AddDate(-1, 0, 0).Format(time.RFC3339) + `"}`
		s.do(http.MethodPost, "/api/v1/incidents", body).into(t, http.StatusCreated, &created)
	})

	t.Run("uploads nobody takes", func(t *testing.T) {
		var up uploaded
		s.upload(phototest.JPEG(9, 9)).into(t, http.StatusCreated, &up)
		if _, err := s.db.Exec(t.Context(), `UPDATE photo_upload SET created_at = created_at - interval '24 hours' WHERE id = $1`, up.ID); err != nil {
			t.Fatal(err)
		}
		s.do(http.MethodPost, "/api/v1/incidents", reportWith("太晚", up.ID)).problem(t, http.StatusUnprocessableEntity, "invalid")
		left := s.count(`SELECT count(*) FROM photo_upload`)
		n, err := photo.Prune(t.Context(), s.db.Pool, time.Now())
		if err != nil || n != 1 || s.count(`SELECT count(*) FROM photo_upload`) != left-1 || s.count(`SELECT count(*) FROM photo`) == 0 {
			t.Errorf("removed %d: %v", n, err)
		}
	})

	t.Run("refused", func(t *testing.T) {
		s.upload(nil).problem(t, http.StatusBadRequest, "bad_request")
		s.upload([]byte("GIF89a"), "Content-Type", "image/jpeg").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		s.upload([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "Content-Type", "image/png").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		s.upload(bytes.Repeat([]byte{0xFF}, 12<<20+1)).problem(t, http.StatusRequestEntityTooLarge, "too_large")
		s.upload(phototest.JPEG(40, 30)[:100]).problem(t, http.StatusUnprocessableEntity, "invalid")
		s.upload(phototest.JPEG(4, 3), "Sec-Fetch-Site", "cross-site").problem(t, http.StatusForbidden, "cross_origin")
		// What the content is counts, not what it is called.
		s.upload(phototest.JPEG(4, 3), "Content-Type", "text/html").into(t, http.StatusCreated, &uploaded{})
	})

	t.Run("the disk has an end", func(t *testing.T) {
		own := s.count(`SELECT count(*) FROM photo_upload WHERE account IS NULL`)
		if _, err := s.db.Exec(t.Context(), `INSERT INTO photo_upload (id, content, width, height, uploader, created_at)
			SELECT gen_random_uuid(), '', 1, 1, u.uploader, now() FROM (SELECT uploader FROM photo_upload WHERE account IS NULL LIMIT 1) u, generate_series(1, $1)`, 100-own); err != nil {
			t.Fatal(err)
		}
		s.upload(phototest.JPEG(4, 3)).problem(t, http.StatusTooManyRequests, "too_many_requests")
		s.upload(phototest.JPEG(4, 3), viewer...).into(t, http.StatusCreated, &uploaded{})
	})
}

// count is the number that a query answers.
func (s *site) count(sql string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.QueryRow(s.t.Context(), sql, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
