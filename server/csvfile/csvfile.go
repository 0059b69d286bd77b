// Package csvfile reads CSV files as people export them from spreadsheets and other platforms, and writes the rows that were refused so that
// people can mend them. It knows files, columns and the cells that mean the same in every file; what a row stands for is the
// business of the noun that imports it.
//
// Reading: UTF-8 with or without byte order mark, GB18030 (and so GBK and GB2312) and UTF-16 with byte order mark; fields separated by
// comma, semicolon or tab; the columns in any order under an English or a Chinese name. A row that cannot be read is a Problem and
// does not end the file. Memory is bounded by MaxRowBytes, whatever the file holds.
package csvfile

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/width"
)

// MaxRowBytes bounds one row, line ends inside quotes included. A longer one is refused.
const MaxRowBytes = 1 << 20

// Column is one that a reader looks for. Case, spaces, underscores and hyphens of a header do not count.
type Column struct {
	Name     string   // as the documentation writes it
	Synonyms []string // other names of it, the Chinese ones among them
	Required bool
}

// Row is one row of the file.
type Row struct {
	Line   int      // where it begins; 1 for the first line of the file
	Fields []string // as they stand in the file, in its order
	at     []int
}

// Cell is the trimmed text under a column, by its index in the columns given to Open; "" where the file lacks the column.
func (r Row) Cell(column int) string {
	if i := r.at[column]; i >= 0 {
		return unguard(strings.TrimFunc(r.Fields[i], isBlank))
	}
	return ""
}

// Reader gives the rows of a file.
type Reader struct {
	columns []Column
	source  *counter
	window  window
	charset charset
	decoder *encoding.Decoder // of GB18030
	utf16   bool              // what the window holds was UTF-16 and is UTF-8 now
	comma   byte
	line    int // of the next row
	header  []string
	at      []int // by column: its place in a row, or -1
	raw     raw   // reused from row to row
}

// Open reads the header of a file. The error says what is wrong with the file as a whole and what to do: it is empty, no CSV, or lacks
// required columns.
func Open(r io.Reader, columns []Column) (*Reader, error) {
	source := &counter{source: r}
	reader := &Reader{columns: columns, source: source, window: window{source: source}, line: 1}
	if err := reader.openCharset(); err != nil {
		return nil, err
	}
	if err := reader.skipToHeader(); err != nil {
		return nil, err
	}
	if err := reader.readHeader(); err != nil {
		return nil, err
	}
	return reader, reader.findColumns()
}

// Header is the first row as it stands in the file.
func (r *Reader) Header() []string { return r.header }

// Has tells whether the file has a column, by its index in the columns given to Open.
func (r *Reader) Has(column int) bool { return r.at[column] >= 0 }

// Unknown lists the named columns of the file that nothing is read from, in their order.
func (r *Reader) Unknown() []string {
	var unknown []string
	for i, name := range r.header {
		if strings.TrimFunc(name, isBlank) != "" && !slices.Contains(r.at, i) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// Encoding is the name of the character encoding that the file was found to be in.
func (r *Reader) Encoding() string {
	if r.utf16 {
		return "UTF-16"
	}
	return r.charset.String()
}

// Bytes is how much has been taken from the source so far.
func (r *Reader) Bytes() int64 { return r.source.bytes }

// skipToHeader passes over blank lines and over the line "sep=;" by which Excel is told the separator.
func (r *Reader) skipToHeader() error {
	for {
		outcome, err := r.scan(0) // a whole line as one field
		if err != nil {
			return err
		}
		if outcome == atEnd {
			return fmt.Errorf("the file is empty: its first line must name the columns, such as %s", r.names())
		}
		if outcome != complete {
			return nil // readHeader says what is wrong
		}
		line := strings.TrimFunc(string(r.raw.text), func(c rune) bool { return isBlank(c) || c == ',' || c == ';' })
		sep, isSep := strings.CutPrefix(strings.ToLower(string(r.raw.text)), "sep=")
		if isSep && len(sep) == 1 && slices.Contains(separators[:], sep[0]) {
			r.comma = sep[0]
		} else if line != "" {
			return nil
		}
		r.take()
	}
}

// separators are tried in this order; a tie goes to the first.
var separators = [...]byte{',', ';', '\t'}

// readHeader takes the separator that shows the most columns we know, then the most columns.
func (r *Reader) readHeader() error {
	candidates := separators[:]
	if r.comma != 0 {
		candidates = []byte{r.comma} // the file says it itself
	}
	best, bestKnown := []string(nil), -1
	for _, comma := range candidates {
		outcome, err := r.scan(comma)
		if err != nil {
			return err
		}
		if outcome != complete {
			continue
		}
		fields, ok := r.decode()
		if !ok {
			return fmt.Errorf("the header in line %d is no %s text: save the file as \"CSV UTF-8\"", r.line, r.charset)
		}
		known := 0
		for _, field := range fields {
			if _, ok := r.find(field); ok {
				known++
			}
		}
		if known > bestKnown || known == bestKnown && len(fields) > len(best) {
			best, bestKnown, r.comma = fields, known, comma
		}
	}
	if best == nil {
		return fmt.Errorf("the header in line %d cannot be read: a quotation mark is not closed, or it is longer than %d bytes", r.line, MaxRowBytes)
	}
	if _, err := r.scan(r.comma); err != nil { // which the candidates after it have overwritten
		return err
	}
	r.header = best
	r.take()
	return nil
}

// find is the column that a header names.
func (r *Reader) find(header string) (column int, ok bool) {
	key := headerKey(header)
	for i, c := range r.columns {
		if headerKey(c.Name) == key || slices.ContainsFunc(c.Synonyms, func(s string) bool { return headerKey(s) == key }) {
			return i, true
		}
	}
	return 0, false
}

// findColumns fills r.at.
func (r *Reader) findColumns() error {
	r.at = slices.Repeat([]int{-1}, len(r.columns))
	for i, header := range r.header {
		column, ok := r.find(header)
		if !ok {
			continue
		}
		if before := r.at[column]; before >= 0 {
			return fmt.Errorf("the columns %q (%d) and %q (%d) both mean %s: remove or rename one of them",
				r.header[before], before+1, header, i+1, r.columns[column].Name)
		}
		r.at[column] = i
	}
	var missing []string
	for i, c := range r.columns {
		if c.Required && r.at[i] < 0 {
			name := c.Name
			if len(c.Synonyms) > 0 {
				name += " (or " + strings.Join(c.Synonyms, ", ") + ")"
			}
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	found := make([]string, 0, len(r.header))
	for _, header := range r.header[:min(len(r.header), 40)] {
		found = append(found, fmt.Sprintf("%q", shorten(header)))
	}
	if len(r.header) > len(found) {
		found = append(found, "…")
	}
	return fmt.Errorf("required columns are missing: %s; the header in the first line has %s", strings.Join(missing, "; "), strings.Join(found, ", "))
}

// names lists the required columns.
func (r *Reader) names() string {
	var list []string
	for _, c := range r.columns {
		if c.Required {
			list = append(list, c.Name)
		}
	}
	return strings.Join(list, ",")
}

// headerKey is what is compared of a header.
func headerKey(header string) string {
	return strings.Map(func(c rune) rune {
		if isBlank(c) || c == '_' || c == '-' {
			return -1
		}
		return unicode.ToLower(c)
	}, width.Fold.String(header))
}

// isBlank tells what is cut off the ends of a cell: white space, and what editors leave without showing it.
func isBlank(c rune) bool {
	return unicode.IsSpace(c) || c == '\ufeff' || c == '\u200b'
}

// shorten cuts a text to what fits into a message.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

// errRead wraps what the source said.
func (r *Reader) errRead(err error) error {
	return fmt.Errorf("reading the file failed at line %d: %w", r.line, err)
}

// Next is the next row that is not blank; err is io.EOF at the end, and anything else when the source failed. A problem tells that this row
// cannot be read: then the row holds what could be told of it, and the next call goes on behind it.
func (r *Reader) Next() (row Row, problem *Problem, err error) {
	for {
		row = Row{Line: r.line, at: r.at}
		found, err := r.scan(r.comma)
		switch {
		case err != nil:
			return row, nil, err
		case found == atEnd:
			return row, nil, io.EOF
		case found == brokenQuote:
			row.Fields = []string{r.takeLine()}
			return row, &Problem{
				Line: row.Line, Reason: BrokenQuotes, Message: "a quotation mark is not closed, or text follows a closed one",
				Remedy: "put the whole field in quotation marks and write a quotation mark inside it twice",
			}, nil
		case found == tooLong:
			row.Fields = []string{r.takeLine()}
			return row, &Problem{
				Line: row.Line, Reason: RowTooLong, Message: fmt.Sprintf("the row is longer than %d bytes, or a quotation mark is never closed", MaxRowBytes),
				Remedy: "shorten it, or close the quotation mark",
			}, nil
		}
		var isText bool
		row.Fields, isText = r.decode()
		r.take()
		if slices.ContainsFunc(row.Fields, func(s string) bool { return strings.TrimFunc(s, isBlank) != "" }) {
			return row, r.check(&row, isText), nil
		}
	}
}

// check tells whether a row is text and has as many fields as the header; empty ones too many at its end do no harm.
func (r *Reader) check(row *Row, isText bool) *Problem {
	if !isText {
		return &Problem{
			Line: row.Line, Reason: NotText, Message: "the row is no " + r.Encoding() + " text, unlike the rows before it",
			Remedy: `save the file as "CSV UTF-8"`,
		}
	}
	if slices.ContainsFunc(row.Fields, func(s string) bool { return strings.IndexByte(s, 0) >= 0 }) {
		return &Problem{Line: row.Line, Reason: NotText, Message: "the row holds the character U+0000, which no text has", Remedy: "remove it"}
	}
	fields := row.Fields
	for len(fields) > len(r.header) && strings.TrimFunc(fields[len(fields)-1], isBlank) == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) != len(r.header) {
		return &Problem{
			Line: row.Line, Reason: FieldCount, Message: fmt.Sprintf("the row has %d fields, the header has %d", len(fields), len(r.header)),
			Remedy: fmt.Sprintf("put a field that holds the separator %q in quotation marks, and leave no field out", string(r.comma)),
		}
	}
	row.Fields = fields
	return nil
}
