package area

import (
	"context"

	"jingwei/geo/coverage"
	"jingwei/server/access"
)

// View is an edition as one actor may see it.
type View struct {
	*Atlas
	figures access.Scope // whose households and population are shown
	shown   access.Scope // which areas are shown: of the edition in effect all, of an earlier one the actor's
}

// viewOf is the edition in effect as the actor of a context may see it. It allocates nothing for the public.
func viewOf(ctx context.Context, atlas *Atlas) (View, error) {
	if err := access.Ask(ctx, access.AreaRead, nil); err != nil {
		return View{}, err
	}
	return View{Atlas: atlas, figures: access.Within(access.From(ctx), access.AreaFigures), shown: access.Scope{All: true}}, nil
}

// Facts of an area; without households and population where the actor may not see them.
func (v View) Facts(id coverage.ID) Facts {
	f := v.Atlas.Facts(id)
	if !v.figures.Holds(v.Codes(id)) {
		f.Households, f.Population = nil, nil
	}
	return f
}

// Find an area by its code: not_found where the edition has none, forbidden where the edition may not be seen there.
func (v View) Find(ctx context.Context, code string) (coverage.ID, error) {
	id, ok := v.Coverage.Find(code)
	if !ok {
		return coverage.None, unknownArea(code)
	}
	return id, v.Ask(ctx, v.Codes(id))
}

// List is Atlas.List of the areas that are shown.
func (v View) List(f Filter, after string, limit int) (ids []coverage.ID, more bool) {
	if !v.shown.All {
		f.Within = &v.shown
	}
	return v.Atlas.List(f, after, limit)
}

// Shows reports whether the actor may see what the edition says of a place; codes are those of the areas that own it, none outside all.
func (v View) Shows(codes []string) bool { return v.shown.Holds(codes) }

// Ask is nil for a place that is shown, and forbidden for all others.
func (v View) Ask(ctx context.Context, codes []string) error {
	if v.Shows(codes) {
		return nil
	}
	return access.Refusal(ctx, access.AreaHistory)
}
