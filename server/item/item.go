// Package item is the noun "item" (清单事项): the whistle catalogue that every incident's item comes from. What happens with an
// incident is not decided here.
package item

// Item is an entry of the catalogue.
type Item struct {
	Code       string   `json:"code"`
	Field      string   `json:"field" doc:"The field of work it belongs to"`
	FieldEN    string   `json:"field_en"`
	Name       string   `json:"name"`
	NameEN     string   `json:"name_en"`
	Tier       string   `json:"tier" enum:"civil,enforcement,hard" doc:"文明哨, 执法哨, 攻坚哨"`
	Lead       string   `json:"lead" doc:"The department that leads"`
	Assist     []string `json:"assist" doc:"The departments that assist"`
	Urgency    string   `json:"urgency" enum:"emergency,urgent,normal" doc:"Decides how soon it has to be signed for"`
	Difficulty string   `json:"difficulty" enum:"emergency,simple,normal,hard" doc:"Decides how soon it has to be handled"`
	LegalBasis string   `json:"legal_basis"`
}
