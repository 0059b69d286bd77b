package incident

import (
	"jingwei/geo/coverage"
	"jingwei/server/area"
	"jingwei/server/branch"
	"jingwei/server/item"
)

// MaxExport is how many incidents a file holds at most: what a spreadsheet still opens without waiting for minutes.
const MaxExport = 200_000

// exporting is what the cells of a file are made of.
type exporting struct {
	atlas    *area.Atlas
	branches *branch.Directory
	items    *item.Service
	english  bool
}

// exportColumn is a column of a file. Its cells are texts, instants, numbers, or nil.
type exportColumn struct {
	code, zh, en string
	width        float64 // in characters
	cell         func(e *exporting, i *Incident) any
}

// exportColumns are all that a file can have, in their order; nothing of the reporter is among them.
var exportColumns = []exportColumn{
	{"reported_at", "上报时间（北京时间）", "Reported (Beijing time)", 20, func(_ *exporting, i *Incident) any { return i.ReportedAt }},
	{"item", "事项", "Item", 22, func(e *exporting, i *Incident) any { return e.item(i) }},
	{"channel", "来源", "Source", 14, func(e *exporting, i *Incident) any { return e.named(ChannelNames[i.Channel]) }},
	{"status", "进度", "Status", 14, func(e *exporting, i *Incident) any { return e.named(StatusNames[i.Status]) }},
	{"title", "标题", "Title", 40, func(_ *exporting, i *Incident) any { return mask(i.Title) }},
	{"description", "描述", "Description", 50, func(_ *exporting, i *Incident) any { return mask(i.Description) }},
	{"town", "镇（街道）", "Town", 14, func(e *exporting, i *Incident) any { return e.area(i, coverage.Town) }},
	{"community", "村（社区）", "Community", 16, func(e *exporting, i *Incident) any { return e.area(i, coverage.Community) }},
	{"grid", "网格", "Grid", 18, func(e *exporting, i *Incident) any { return e.area(i, coverage.Grid) }},
	{"micro", "微网格", "Micro-grid", 18, func(e *exporting, i *Incident) any { return e.area(i, coverage.Micro) }},
	{"area", "区划代码", "Area code", 20, func(_ *exporting, i *Incident) any { return i.owner() }},
	{"branch", "党组织", "Branch", 28, func(e *exporting, i *Incident) any { return e.branch(i) }},
	{"received_at", "接收时间（北京时间）", "Received (Beijing time)", 20, func(_ *exporting, i *Incident) any { return i.ReceivedAt }},
	{"closed_at", "办结时间（北京时间）", "Closed (Beijing time)", 20, func(_ *exporting, i *Incident) any {
		if i.ClosedAt == nil {
			return nil
		}
		return *i.ClosedAt
	}},
	{"lon", "经度（WGS-84）", "Longitude (WGS-84)", 14, func(_ *exporting, i *Incident) any { lon, _ := i.Place.Degrees(); return lon }},
	{"lat", "纬度（WGS-84）", "Latitude (WGS-84)", 14, func(_ *exporting, i *Incident) any { _, lat := i.Place.Degrees(); return lat }},
	{"id", "编号", "Number", 38, func(_ *exporting, i *Incident) any { return i.ID.String() }},
}

func (e *exporting) of(zh, en string) string {
	if e.english {
		return en
	}
	return zh
}

func (e *exporting) named(n Name) string { return e.of(n.ZH, n.EN) }

func (e *exporting) item(i *Incident) string {
	if found, ok := e.items.Find(i.Item); ok {
		return e.of(found.Name, found.NameEN)
	}
	return i.Item
}

// area is the name of the area of a level, as it is now; the code where it is not there any more.
func (e *exporting) area(i *Incident, level coverage.Level) string {
	if int(level) >= len(i.Codes) {
		return ""
	}
	code := i.Codes[level]
	if id, ok := e.atlas.Coverage.Find(code); ok {
		return e.atlas.Coverage.Name(id)
	}
	return code
}

func (e *exporting) branch(i *Incident) string {
	if found, ok := e.branches.Find(i.Branch); ok {
		return found.Name
	}
	return i.Branch
}

// owner is the code of the finest area; "" outside.
func (i *Incident) owner() string {
	if len(i.Codes) == 0 {
		return ""
	}
	return i.Codes[len(i.Codes)-1]
}
