package incident

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/geo"
	"jingwei/server/csvfile"
	"jingwei/server/item"
)

// The columns of a file of incidents, as indexes of importColumns.
const (
	lonColumn = iota
	latColumn
	timeColumn
	itemColumn
	channelColumn
	titleColumn
	descriptionColumn
	accuracyColumn
	numberColumn
)

var importColumns = []csvfile.Column{
	lonColumn:         {Name: "lon", Synonyms: []string{"经度", "longitude", "lng"}, Required: true},
	latColumn:         {Name: "lat", Synonyms: []string{"纬度", "latitude"}, Required: true},
	timeColumn:        {Name: "reported_at", Synonyms: []string{"上报时间", "时间", "报告时间", "反映时间", "来电时间", "time"}, Required: true},
	itemColumn:        {Name: "item", Synonyms: []string{"事项", "清单事项", "事项编码", "事项名称", "事件类型", "类别"}, Required: true},
	channelColumn:     {Name: "channel", Synonyms: []string{"渠道", "来源", "上报渠道", "事件来源", "source"}},
	titleColumn:       {Name: "title", Synonyms: []string{"标题", "事件标题", "主题"}},
	descriptionColumn: {Name: "description", Synonyms: []string{"描述", "内容", "事件描述", "诉求内容", "详情"}},
	accuracyColumn:    {Name: "accuracy_m", Synonyms: []string{"精度", "定位精度", "精度米", "accuracy"}},
	numberColumn:      {Name: "number", Synonyms: []string{"工单号", "工单编号", "事件编号", "受理编号"}},
}

// Reasons why a row of incidents is refused, beside those of package csvfile.
const (
	BadTime        = "bad_time"
	AmbiguousTime  = "ambiguous_time"
	FutureTime     = "future_time"
	TimeTooOld     = "time_too_old"
	ArchivedMonth  = "archived_month"
	UnknownItem    = "unknown_item"
	UnknownChannel = "unknown_channel"
)

// The lengths that the API allows too, in characters.
const (
	maxTitle       = 200
	maxDescription = 4000
	maxNumber      = 200
	maxAccuracyM   = 100_000
)

// rowParser makes reports of rows.
type rowParser struct {
	items    *item.Service
	datum    geo.Datum
	zone     *time.Location
	channel  Channel
	channels map[string]Channel // by code and by Chinese name without blanks
	latest   time.Time
	archived map[string]bool // months, as Month.Name writes them
	content  []byte          // reused
}

func (s *Service) newRowParser(opt ImportOptions) (*rowParser, error) {
	p := &rowParser{
		items: s.items, datum: opt.Datum, zone: opt.Zone, channel: opt.DefaultChannel, channels: map[string]Channel{}, latest: s.now().Add(clockSkew),
	}
	if p.zone == nil {
		zone, err := time.LoadLocation(DefaultZone)
		if err != nil {
			return nil, err
		}
		p.zone = zone
	}
	if p.channel == "" {
		p.channel = Import
	}
	for channel, name := range ChannelNames {
		p.channels[string(channel)], p.channels[name.ZH] = channel, channel
	}
	if _, ok := ChannelNames[p.channel]; !ok {
		return nil, fmt.Errorf("no channel %q: use one of %s", p.channel, p.channelList())
	}
	return p, nil
}

// parse makes the report of a row and its id, or says what is wrong with the first cell that is.
func (p *rowParser) parse(row csvfile.Row) (r Report, id uuid.UUID, problem *csvfile.Problem) {
	if r.Place, problem = csvfile.Place(row.Cell(lonColumn), row.Cell(latColumn), p.datum); problem != nil {
		return r, id, problem
	}
	if r.ReportedAt, problem = p.time(row.Cell(timeColumn)); problem != nil {
		return r, id, atColumn(timeColumn, problem)
	}
	name := row.Cell(itemColumn)
	entry, ok := p.items.Find(name)
	if !ok {
		return r, id, atColumn(itemColumn, p.unknownItem(name))
	}
	r.Item = entry.Code
	if r.Channel, problem = p.channelOf(row.Cell(channelColumn)); problem != nil {
		return r, id, atColumn(channelColumn, problem)
	}
	r.Title, r.Description = row.Cell(titleColumn), row.Cell(descriptionColumn)
	number := row.Cell(numberColumn)
	for _, text := range []struct {
		column int
		text   string
		most   int
	}{{titleColumn, r.Title, maxTitle}, {descriptionColumn, r.Description, maxDescription}, {numberColumn, number, maxNumber}} {
		if problem := csvfile.Text(text.text, text.most); problem != nil {
			return r, id, atColumn(text.column, problem)
		}
	}
	if cell := row.Cell(accuracyColumn); cell != "" {
		accuracyM, problem := csvfile.Number(cell)
		if problem == nil && (accuracyM < 0 || accuracyM > maxAccuracyM) {
			problem = &csvfile.Problem{
				Reason: csvfile.NumberRange, Message: fmt.Sprintf("%s is not from 0 to %d", cell, maxAccuracyM), Remedy: "give the accuracy in metres, or leave it empty",
			}
		}
		if problem != nil {
			return r, id, atColumn(accuracyColumn, problem)
		}
		r.AccuracyM = &accuracyM
	}
	id = p.id(r, number)
	r.Number = number
	if r.Title == "" { // after the id, which is made of what the row says and not of the catalogue's wording
		r.Title = entry.Name
	}
	return r, id, nil
}

func atColumn(column int, p *csvfile.Problem) *csvfile.Problem {
	p.Column = importColumns[column].Name
	return p
}

func (p *rowParser) unknownItem(name string) *csvfile.Problem {
	if name == "" {
		return &csvfile.Problem{Reason: csvfile.Missing, Message: "the item is missing", Remedy: "give the code or the Chinese name of an item of the catalogue"}
	}
	remedy := "use the code or the Chinese name of an item of the catalogue, as /api/v1/items lists them"
	if p.items.Len() == 0 {
		remedy = "the catalogue is empty: start the server once, which fills it"
	}
	return &csvfile.Problem{Reason: UnknownItem, Message: fmt.Sprintf("no item %q", name), Remedy: remedy}
}

func (p *rowParser) channelOf(name string) (Channel, *csvfile.Problem) {
	if name == "" {
		return p.channel, nil
	}
	if channel, ok := p.channels[name]; ok {
		return channel, nil
	}
	if channel, ok := p.channels[strings.Join(strings.Fields(strings.ToLower(name)), "")]; ok {
		return channel, nil
	}
	return "", &csvfile.Problem{Reason: UnknownChannel, Message: fmt.Sprintf("no channel %q", name), Remedy: "use one of " + p.channelList() + ", or leave it empty"}
}

func (p *rowParser) channelList() string {
	var list []string
	for channel, name := range ChannelNames {
		list = append(list, string(channel)+" ("+name.ZH+")")
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// id is made from the number that the source gave the report, or else from everything that the row says. A number counts within its
// channel and its instant.
func (p *rowParser) id(r Report, number string) uuid.UUID {
	b := p.content[:0]
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(string(r.Channel))
	text(number)
	if number == "" {
		b = binary.BigEndian.AppendUint64(b, uint64(r.ReportedAt.UnixMicro()))
		b = binary.BigEndian.AppendUint32(b, uint32(r.Place.Lon))
		b = binary.BigEndian.AppendUint32(b, uint32(r.Place.Lat))
		text(r.Item)
		text(r.Title)
		text(r.Description)
		if r.AccuracyM != nil {
			b = fmt.Appendf(b, "%g", *r.AccuracyM)
		}
	}
	p.content = b
	return NewID(r.ReportedAt, b)
}

const timeRemedy = "write 2026-11-21 08:30 or 2026-11-21T08:30:00+08:00"

// time reads the instant of a report. Times without a zone are in the parser's.
func (p *rowParser) time(s string) (time.Time, *csvfile.Problem) {
	if s == "" {
		return time.Time{}, &csvfile.Problem{Reason: csvfile.Missing, Message: "the time is missing", Remedy: timeRemedy}
	}
	t, problem := parseTime(s, p.zone)
	if problem != nil {
		return t, problem
	}
	t = t.Truncate(time.Microsecond)
	switch {
	case t.After(p.latest):
		return t, &csvfile.Problem{Reason: FutureTime, Message: s + " is in the future", Remedy: "correct the time or its zone"}
	case t.Before(EarliestReport):
		return t, &csvfile.Problem{Reason: TimeTooOld, Message: s + " is before " + EarliestReport.Format(time.DateOnly), Remedy: "correct the time"}
	case p.archived[t.UTC().Format(monthForm)]:
		return t, &csvfile.Problem{
			Reason: ArchivedMonth, Message: "the month of " + s + " is archived", Remedy: "bring it back first with jingwei archive --restore " + t.UTC().Format(monthForm),
		}
	}
	return t, nil
}

// chineseTime turns 2026年11月21日8时30分 into 2026-11-21 8:30.
var chineseTime = strings.NewReplacer("年", "-", "月", "-", "日", " ", "时", ":", "点", ":", "分", ":", "秒", "")

// parseTime reads RFC 3339, and a date and a time of day as people and spreadsheets write them: 2026-11-21 08:30[:05[.123]],
// 2026/11/21 8:30, 2026.11.21 8:30, 2026年11月21日8时30分, 20261121083005. Without a zone they are in zone. What could be meant
// in two ways, as 1764000000 or 11/12/2026, is refused.
func parseTime(s string, zone *time.Location) (time.Time, *csvfile.Problem) {
	bad := func(reason, why string) *csvfile.Problem {
		return &csvfile.Problem{Reason: reason, Message: fmt.Sprintf("%.60q %s", s, why), Remedy: timeRemedy}
	}
	if strings.Trim(s, "0123456789.") == "" && strings.Count(s, ".") < 2 {
		if len(s) == len("20060102150405") {
			if t, err := time.ParseInLocation("20060102150405", s, zone); err == nil {
				return t, nil
			}
		}
		return time.Time{}, bad(AmbiguousTime, "could be seconds, milliseconds or days of any calendar")
	}
	text := s
	if strings.Contains(text, "年") {
		text = strings.TrimRight(strings.TrimSpace(chineseTime.Replace(text)), ":")
	}
	i := strings.IndexAny(text, " Tt")
	if i < 0 {
		return time.Time{}, bad(BadTime, "has no time of day")
	}
	date, clock := text[:i], strings.TrimSpace(text[i+1:])
	if len(date) < len("2006-1-2") || strings.Trim(date[:4], "0123456789") != "" {
		return time.Time{}, bad(AmbiguousTime, "does not begin with a year of four digits")
	}
	date = strings.NewReplacer("/", "-", ".", "-").Replace(date)
	layout := "2006-1-2 15:04"
	if strings.Count(clockOnly(clock), ":") > 1 {
		layout += ":05"
	}
	if digits := clock[len(clockOnly(clock)):]; digits != "" {
		clock = strings.ToUpper(strings.Replace(clock, " ", "", 1))
		switch {
		case strings.Contains(digits, ":"), strings.EqualFold(digits, "z"):
			layout += "Z07:00"
		case len(digits) > len("+08"):
			layout += "Z0700"
		default:
			layout += "Z07"
		}
	}
	t, err := time.ParseInLocation(layout, date+" "+clock, zone)
	if err != nil {
		return t, bad(BadTime, "is no date and time of day")
	}
	if _, offset := t.Zone(); offset < -12*3600 || offset > 14*3600 {
		return t, bad(BadTime, "has an offset from UTC that no place has")
	}
	return t, nil
}

// clockOnly is a time of day without the zone behind it.
func clockOnly(clock string) string {
	if i := strings.IndexAny(clock, "Zz+-"); i >= 0 {
		return strings.TrimRight(clock[:i], " ")
	}
	return clock
}
