package incident

import (
	"archive/zip"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"jingwei/server/csvfile"
)

// exportFile is a file that is being written. A cell is a text, an instant, a number, or nil. Nothing reaches the reader before the first rows.
type exportFile interface {
	write(cells []any) error
	flush() error // what there is, where the format can
	close() error // the rest; release must follow, also instead of it
	release()
}

// beijing is the zone of all times in a file: China has one.
var beijing = time.FixedZone("CST", 8*60*60)

// csvExport is a file that any program reads. Its times are as spreadsheets read them.
type csvExport struct {
	table *csvfile.Table
	cells []string
}

func newCSVExport(w io.Writer, header []string) *csvExport {
	return &csvExport{table: csvfile.NewTable(w, header...)}
}

func (f *csvExport) write(cells []any) error {
	f.cells = f.cells[:0]
	for _, cell := range cells {
		text := ""
		switch cell := cell.(type) {
		case string:
			text = cell
		case float64:
			text = strconv.FormatFloat(cell, 'f', -1, 64)
		case time.Time:
			text = cell.In(beijing).Format(time.DateTime)
		}
		f.cells = append(f.cells, text)
	}
	return f.table.Write(f.cells)
}

func (f *csvExport) flush() error { return f.table.Flush() }
func (f *csvExport) close() error { return f.table.Flush() }
func (f *csvExport) release()     {}

// xlsxExport is an Excel workbook. Its rows are kept in memory up to 16 MB and beyond that in a temporary file, and reach the reader at the end.
type xlsxExport struct {
	file  *excelize.File
	rows  *excelize.StreamWriter
	cells []any
	row   int
	date  int // style
}

func newXLSXExport(w io.Writer, sheet string, header []string, widths []float64) (_ *xlsxExport, err error) {
	f := &xlsxExport{file: excelize.NewFile(), row: 1}
	defer func() {
		if err != nil {
			f.release()
		}
	}()
	// Straight to the reader: by itself excelize makes the whole file in memory first.
	f.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	format := "yyyy-mm-dd hh:mm:ss"
	bold, errBold := f.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	date, errDate := f.file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err := errors.Join(f.file.SetSheetName("Sheet1", sheet), errBold, errDate); err != nil {
		return nil, err
	}
	f.date = date
	if f.rows, err = f.file.NewStreamWriter(sheet); err != nil {
		return nil, err
	}
	for n, width := range widths {
		if err := f.rows.SetColWidth(n+1, n+1, width); err != nil {
			return nil, err
		}
	}
	if err := f.rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	for _, name := range header {
		f.cells = append(f.cells, excelize.Cell{StyleID: bold, Value: name})
	}
	return f, f.put()
}

// put writes what is in cells as the next row.
func (f *xlsxExport) put() error {
	at, err := excelize.CoordinatesToCellName(1, f.row)
	if err != nil {
		return err
	}
	f.row++
	return f.rows.SetRow(at, f.cells)
}

// write keeps texts as texts, whatever they begin with: a cell is a formula only where the file says so.
func (f *xlsxExport) write(cells []any) error {
	f.cells = f.cells[:0]
	for _, cell := range cells {
		if at, ok := cell.(time.Time); ok {
			cell = excelize.Cell{StyleID: f.date, Value: excelDays(at)}
		}
		f.cells = append(f.cells, cell)
	}
	return f.put()
}

// excelDays is an instant as Excel counts: days since the end of 1899 by the clock on the wall, to the second.
func excelDays(at time.Time) float64 {
	_, offset := at.In(beijing).Zone()
	const epoch = 25569 // days from there to 1970
	return float64(at.Unix()+int64(offset))/86400 + epoch
}

func (f *xlsxExport) flush() error { return nil }

func (f *xlsxExport) close() error {
	if err := f.rows.Flush(); err != nil {
		return err
	}
	return f.file.Write(io.Discard)
}

// release removes the temporary file.
func (f *xlsxExport) release() { _ = f.file.Close() }
