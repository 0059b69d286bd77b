package station

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/csvfile"
	"jingwei/server/db"
)

// maxImport bounds what an import keeps in memory; a city has some hundreds of stations.
const maxImport = 100_000

// Reasons beside those of package csvfile: the first refuses a file, the second is one to look twice.
const (
	BadHours = "bad_hours"
	Outside  = "outside"
)

// ImportOptions say how a file of stations is to be read.
type ImportOptions struct {
	Datum  geo.Datum // of the coordinates
	DryRun bool      // check everything, in the database too, and store nothing
}

// ImportReport tells what an import read, found and did.
type ImportReport struct{ csvfile.Report }

// The columns of a file of stations, as indexes of importColumns.
const (
	codeColumn = iota
	kindColumn
	nameColumn
	lonColumn
	latColumn
	addressColumn
	starsColumn
	floorAreaColumn
	servicesColumn
	openToColumn
	hoursColumn
	phoneColumn
)

var importColumns = []csvfile.Column{
	codeColumn:      {Name: "code", Synonyms: []string{"编码", "代码", "阵地编码", "驿站编码"}, Required: true},
	kindColumn:      {Name: "kind", Synonyms: []string{"类型", "类别", "阵地类型"}, Required: true},
	nameColumn:      {Name: "name", Synonyms: []string{"名称", "阵地名称", "驿站名称"}, Required: true},
	lonColumn:       {Name: "lon", Synonyms: []string{"经度", "longitude", "lng"}, Required: true},
	latColumn:       {Name: "lat", Synonyms: []string{"纬度", "latitude"}, Required: true},
	addressColumn:   {Name: "address", Synonyms: []string{"地址", "详细地址"}},
	starsColumn:     {Name: "stars", Synonyms: []string{"星级"}},
	floorAreaColumn: {Name: "floor_area_m2", Synonyms: []string{"面积", "建筑面积", "面积平方米"}},
	servicesColumn:  {Name: "services", Synonyms: []string{"服务", "服务项目", "服务内容"}},
	openToColumn:    {Name: "open_to", Synonyms: []string{"服务对象", "开放对象"}},
	hoursColumn:     {Name: "opening_hours", Synonyms: []string{"开放时间", "营业时间"}},
	phoneColumn:     {Name: "phone", Synonyms: []string{"电话", "联系电话"}},
}

// optional are the columns without which a known station keeps what it has.
var optional = map[int]func(to, from *Station){
	addressColumn:   func(to, from *Station) { to.Address = from.Address },
	starsColumn:     func(to, from *Station) { to.Stars = from.Stars },
	floorAreaColumn: func(to, from *Station) { to.FloorAreaM2 = from.FloorAreaM2 },
	servicesColumn:  func(to, from *Station) { to.Services = from.Services },
	openToColumn:    func(to, from *Station) { to.OpenTo = from.OpenTo },
	hoursColumn:     func(to, from *Station) { to.OpeningHours = from.OpeningHours },
	phoneColumn:     func(to, from *Station) { to.Phone = from.Phone },
}

// Import reads stations from CSV and stores them all, or none: then the error is of the kind csvfile.ErrRefused and the report lists every
// problem with its line and remedy. Known codes are replaced; where the file lacks an optional column, they keep what they have.
func (s *Service) Import(ctx context.Context, r io.Reader, opt ImportOptions) (ImportReport, error) {
	var report ImportReport
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return report, err
	}
	reader, err := csvfile.Open(r, importColumns)
	if err != nil {
		return report, err
	}
	report.Unknown = reader.Unknown()
	stations, lines, err := report.readRows(reader, opt.Datum)
	if err != nil {
		return report, err
	}
	report.Encoding = reader.Encoding()
	atlas := s.areas.Current()
	for n, station := range stations {
		if lon, lat := station.Place.Degrees(); atlas.Index.Locate(station.Place) < 0 {
			report.Warn(csvfile.Problem{
				Line: lines[n], Column: importColumns[lonColumn].Name, Reason: Outside, Message: fmt.Sprintf("%s at %.7f,%.7f stands outside every area", station.Code, lon, lat),
				Remedy: "check the coordinates and their system (wgs84, gcj02 or bd09)",
			})
		}
	}
	if err := report.Refused(); err != nil {
		return report, err
	}
	err = db.InLongTx(ctx, s.pool, func(tx pgx.Tx) error {
		known, err := findAll(ctx, tx, stations)
		if err != nil {
			return err
		}
		if changed := report.changes(reader, stations, known); len(changed) > 0 {
			if err := Save(ctx, tx, atlas, changed); err != nil {
				return err
			}
		}
		if opt.DryRun {
			return db.ErrRollback
		}
		return nil
	})
	return report, err
}

// readRows reads the whole file and notes what is wrong with it; lines tells where each station stands.
func (r *ImportReport) readRows(reader *csvfile.Reader, datum geo.Datum) (stations []Station, lines []int, err error) {
	first := map[string]int{}
	err = r.EachRow(reader, maxImport, func(row csvfile.Row) {
		before := r.ProblemCount
		station := r.readRow(row, datum)
		if line, twice := first[station.Code]; twice && station.Code != "" {
			r.Refuse(csvfile.Problem{
				Line: row.Line, Column: importColumns[codeColumn].Name, Reason: csvfile.DuplicateCode,
				Message: fmt.Sprintf("the code %s stands in line %d already", station.Code, line), Remedy: "give every station its own code",
			})
		} else {
			first[station.Code] = row.Line
		}
		if r.ProblemCount == before {
			stations, lines = append(stations, station), append(lines, row.Line)
		}
	})
	return stations, lines, err
}

func (r *ImportReport) readRow(row csvfile.Row, datum geo.Datum) Station {
	s := Station{
		Code: row.Cell(codeColumn), Name: row.Cell(nameColumn), Address: row.Cell(addressColumn), Phone: row.Cell(phoneColumn),
		Services: csvfile.List(row.Cell(servicesColumn)), OpenTo: csvfile.List(row.Cell(openToColumn)),
	}
	refuse := func(column int, problem *csvfile.Problem) {
		if problem != nil {
			problem.Line = row.Line
			if problem.Column == "" {
				problem.Column = importColumns[column].Name
			}
			r.Refuse(*problem)
		}
	}
	refuse(codeColumn, csvfile.Code(s.Code))
	if s.Name == "" {
		refuse(nameColumn, &csvfile.Problem{Reason: csvfile.Missing, Message: "the name is missing", Remedy: "fill it in"})
	}
	refuse(nameColumn, csvfile.Text(s.Name, 200))
	refuse(addressColumn, csvfile.Text(s.Address, 400))
	refuse(phoneColumn, csvfile.Text(s.Phone, 100))
	refuse(phoneColumn, csvfile.OfficePhone(s.Phone))
	var ok bool
	if s.Kind, ok = csvfile.Kind(row.Cell(kindColumn), Kinds); !ok {
		refuse(kindColumn, &csvfile.Problem{
			Reason: csvfile.BadKind, Message: fmt.Sprintf("%.40q is no kind of station", row.Cell(kindColumn)), Remedy: "use one of " + kindList(),
		})
	}
	var problem *csvfile.Problem
	s.Place, problem = csvfile.Place(row.Cell(lonColumn), row.Cell(latColumn), datum)
	refuse(lonColumn, problem)
	if cell := strings.TrimSuffix(row.Cell(starsColumn), "星"); cell != "" {
		stars, problem := csvfile.Count(cell, 1, 5)
		refuse(starsColumn, problem)
		s.Stars = &stars
	}
	if cell := row.Cell(floorAreaColumn); cell != "" {
		areaM2, problem := csvfile.Number(cell)
		if problem == nil && (areaM2 <= 0 || areaM2 > 10_000_000) {
			problem = &csvfile.Problem{Reason: csvfile.NumberRange, Message: fmt.Sprintf("%.40q is no floor area in square metres", cell), Remedy: "correct it, or leave it empty"}
		}
		refuse(floorAreaColumn, problem)
		s.FloorAreaM2 = &areaM2
	}
	if cell := row.Cell(hoursColumn); cell != "" {
		var err error
		if s.OpeningHours, err = normalHours(cell); err != nil {
			refuse(hoursColumn, &csvfile.Problem{
				Reason: BadHours, Message: fmt.Sprintf("%.60q %v", cell, err), Remedy: "write OSM opening_hours, such as Mo-Fr 08:30-17:30; Sa,Su 09:00-12:00; PH off, or 24/7",
			})
		}
	}
	return s
}

func kindList() string {
	var list []string
	for kind, name := range Kinds {
		list = append(list, kind+" ("+name+")")
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// changes fills in what known stations keep, counts, and gives those that differ from what is known.
func (r *ImportReport) changes(reader *csvfile.Reader, stations []Station, known map[string]Station) (changed []Station) {
	for _, station := range stations {
		old, ok := known[station.Code]
		if !ok {
			r.Added++
			changed = append(changed, station)
			continue
		}
		for column, keep := range optional {
			if !reader.Has(column) {
				keep(&station, &old)
			}
		}
		station.County = old.County // Save finds it anew
		if reflect.DeepEqual(station, old) {
			r.Unchanged++
			continue
		}
		r.Changed++
		changed = append(changed, station)
	}
	return changed
}
