package photo

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/web"
)

// Uploads that are read at the same time: each is in memory until it is decoded.
const (
	maxUploads        = 32
	maxUploadsNetwork = 8
	uploadTime        = 3 * time.Minute // 12 MB at 70 kB/s
)

type uploadInput struct {
	RawBody []byte `contentType:"image/jpeg"`
}

// Uploaded is the answer to an upload.
type Uploaded struct {
	ID       uuid.UUID `json:"id" format:"uuid" doc:"Report with it within a day: photos of POST /api/v1/incidents. Whoever knows it can; tell nobody"`
	Width    int       `json:"width" doc:"Pixels of what is kept"`
	Height   int       `json:"height"`
	Bytes    int       `json:"bytes"`
	Position *Position `json:"position" doc:"Where the file says that it was taken; null where it does not. It is told here and stored nowhere"`
}

type findInput struct {
	ID          uuid.UUID `path:"id" format:"uuid" doc:"The incident"`
	Photo       uuid.UUID `path:"photo" format:"uuid"`
	IfNoneMatch string    `header:"If-None-Match"`
}

type findOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Disposition  string `header:"Content-Disposition"`
	Policy       string `header:"Content-Security-Policy"`
	ETag         string `header:"ETag"`
	Body         []byte
}

// Routes registers the upload of photos, and those of incidents. of finds a photo of an incident that the actor of a context may see; its error
// is the answer to all others.
func Routes(server *web.Server, s *Service, of func(ctx context.Context, incident, id uuid.UUID) (Photo, error)) {
	tags := []string{"photos"}
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	huma.Register(server.API, huma.Operation{
		OperationID: "upload-photo", Method: http.MethodPost, Path: "/api/v1/photos", Tags: tags, Summary: "Upload a photo to report with",
		Description: "The body is the file: JPEG, PNG or WebP, at most 12 MB and 50 million pixels; what it is, its content tells. It is kept as a JPEG of at most " +
			"2560 pixels on the longer side without any metadata, and removed after a day without a report.",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBytes + 1, BodyReadTimeout: uploadTime, SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"image/jpeg": {Schema: file}, "image/png": {Schema: file}, "image/webp": {Schema: file}}},
		Middlewares: huma.Middlewares{server.Hold(web.NewSlots(maxUploads, maxUploadsNetwork), web.ClientNetwork, "too many photos are being uploaded")},
	}, func(ctx context.Context, in *uploadInput) (*web.Output[Uploaded], error) {
		p, at, err := s.Upload(ctx, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &web.Output[Uploaded]{Body: Uploaded{p.ID, p.Width, p.Height, len(p.JPEG), at}}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "find-photo", Method: http.MethodGet, Path: "/api/v1/incidents/{id}/photos/{photo}", Tags: tags, Summary: "A photo of an incident",
		Responses: map[string]*huma.Response{
			"200": {Description: "The photo", Content: map[string]*huma.MediaType{"image/jpeg": {Schema: file}}},
			"304": {Description: "Not modified"},
		},
	}, func(ctx context.Context, in *findInput) (*findOutput, error) {
		p, err := of(ctx, in.ID, in.Photo)
		if err != nil {
			return nil, err
		}
		out := &findOutput{
			Status: http.StatusOK, ContentType: "image/jpeg", ETag: `"` + in.Photo.String() + `"`, Disposition: `inline; filename="` + in.Photo.String() + `.jpg"`,
			// The browser keeps it, and asks each time whether it may still show it.
			CacheControl: "private, no-cache", Policy: "default-src 'none'; sandbox; frame-ancestors 'none'",
		}
		if strings.Contains(in.IfNoneMatch, out.ETag) {
			out.Status = http.StatusNotModified
			return out, nil
		}
		out.Body = p.JPEG
		return out, nil
	})
}
