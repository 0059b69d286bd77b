package incident

import (
	"encoding/json"
	"log/slog"

	"github.com/google/uuid"

	"jingwei/server/seal"
)

// Private is what only few may read of a report. It is sealed wherever it is kept, and shows nothing of itself when it is printed.
type Private struct {
	Name     string `json:"name,omitempty"`
	Phone    string `json:"phone,omitempty"`
	IDNumber string `json:"id_number,omitempty"`
	Home     string `json:"home,omitempty"`

	// The words as they were written; empty where masking left them as they are.
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// withheld is what a Private prints as.
const withheld = "(withheld)"

// String is no part of it.
func (Private) String() string { return withheld }

// GoString is no part of it.
func (Private) GoString() string { return withheld }

// LogValue is no part of it.
func (Private) LogValue() slog.Value { return slog.StringValue(withheld) }

// About is the name that the private data of an incident are sealed under.
func About(incident uuid.UUID) string { return "incident/" + incident.String() }

// sealed is the data as the database keeps them.
func (p Private) sealed(keys *seal.Ring, incident uuid.UUID) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return keys.Seal(plain, About(incident))
}

// unsealed is the opposite of sealed.
func unsealed(keys *seal.Ring, incident uuid.UUID, sealed []byte) (p Private, err error) {
	plain, err := keys.Open(sealed, About(incident))
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	return p, err
}

// Masked is what everybody who sees the incident may see of the reporter.
func (p Private) Masked() Private {
	return Private{Name: maskName(p.Name), Phone: maskPhone(p.Phone), IDNumber: maskIDNumber(p.IDNumber), Home: maskHome(p.Home, p.Name)}
}
