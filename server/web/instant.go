package web

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Instant is an instant in a query, where it may be missing; then it is the zero time. Whoever asks for the instant that the zero time is gets
// the one a microsecond later, so that it is not taken for missing: the database tells nothing apart that lies between.
type Instant struct{ time.Time }

// Schema is that of any instant.
func (Instant) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[time.Time]())
}

// Receiver is where huma puts the value; OnParamSet is called when there is one.
func (i *Instant) Receiver() reflect.Value { return reflect.ValueOf(&i.Time).Elem() }

// OnParamSet keeps what was given from being the zero time.
func (i *Instant) OnParamSet(bool, any) {
	if i.IsZero() {
		i.Time = i.Add(time.Microsecond)
	}
}
