package incident

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/web"
)

// Followed is what a reporter sees of the own report.
type Followed struct {
	Number     string    `json:"number"`
	Status     Status    `json:"status"`
	Item       string    `json:"item" doc:"Code in the catalogue"`
	ItemName   string    `json:"item_name"`
	ItemNameEN string    `json:"item_name_en"`
	Title      string    `json:"title" doc:"Masked"`
	ReportedAt time.Time `json:"reported_at"`
	ReceivedAt time.Time `json:"received_at"`
	Areas      []string  `json:"areas" doc:"Names from the county to the finest area, as they are now; empty outside"`
	BranchName string    `json:"branch_name" doc:"Of the branch that answers; empty where none does"`
}

// Unsealed is who reported, in full, and the texts as they were written.
type Unsealed struct {
	Name        string `json:"name"`
	Phone       string `json:"phone"`
	IDNumber    string `json:"id_number"`
	Home        string `json:"home"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type followInput struct{ Body ReceiptResource }

type unsealInput struct {
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Reason string `json:"reason" doc:"What the data are needed for, in 5 to 500 characters; it stands in the audit log"`
	}
}

// private is an answer that nobody on the way keeps.
type private[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func reporterRoutes(server *web.Server, s *Service, tags []string) {
	huma.Register(server.API, huma.Operation{
		OperationID: "follow-report", Method: http.MethodPost, Path: "/api/v1/reports/follow", Tags: tags, Summary: "See how the own report stands",
		Description: "With the number and the secret of the receipt. A POST, so that the secret is in no address and no log.", MaxBodyBytes: 1 << 10,
	}, func(ctx context.Context, in *followInput) (*private[Followed], error) {
		i, receipt, err := s.Follow(ctx, Receipt(in.Body))
		if err != nil {
			return nil, err
		}
		return &private[Followed]{CacheControl: "no-store", Body: s.followed(i, receipt)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "unseal-reporter", Method: http.MethodPost, Path: "/api/v1/incidents/{id}/reporter/unseal", Tags: tags,
		Summary: "See who reported an incident, for a stated reason", Description: "Each time is written to the audit log, with the reason.", MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *unsealInput) (*private[Unsealed], error) {
		p, err := s.Unseal(ctx, in.ID, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &private[Unsealed]{CacheControl: "no-store", Body: Unsealed(p)}, nil
	})
}

// followed names what the public may know of the incident.
func (s *Service) followed(i Incident, receipt Receipt) Followed {
	f := Followed{Number: receipt.Number, Status: i.Status, Item: i.Item, Title: mask(i.Title), ReportedAt: i.ReportedAt, ReceivedAt: i.ReceivedAt, Areas: []string{}}
	if item, ok := s.items.Find(i.Item); ok {
		f.ItemName, f.ItemNameEN = item.Name, item.NameEN
	}
	atlas := s.areas.Current()
	for _, code := range i.Codes {
		if id, ok := atlas.Coverage.Find(code); ok {
			f.Areas = append(f.Areas, atlas.Coverage.Name(id))
		}
	}
	if b, ok := s.branches.Directory().Find(i.Branch); ok {
		f.BranchName = b.Name
	}
	return f
}
