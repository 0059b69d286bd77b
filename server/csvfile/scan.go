package csvfile

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// outcome of looking at one row.
type outcome uint8

const (
	complete    outcome = iota
	needMore            // the row goes on behind the window
	brokenQuote         // quotation marks that make no sense
	tooLong             // more than MaxRowBytes
	atEnd               // no row any more
)

// raw is a row as bytes: its fields one behind the other, quotation marks taken off.
type raw struct {
	text []byte
	ends []int // of each field in text
	size int   // bytes that the row takes in the file, its line end included
}

func (r *raw) field(i int) []byte {
	begin := 0
	if i > 0 {
		begin = r.ends[i-1]
	}
	return r.text[begin:r.ends[i]]
}

// split finds the row at the start of data. final says that nothing follows data. Rows end with LF, CR LF or CR. A field that begins with a
// quotation mark runs to the closing one and may hold separators and line ends (RFC 4180); elsewhere a quotation mark is a
// character like any other. The bytes that matter are never the second byte of a GB18030 character.
func (r *raw) split(data []byte, comma byte, final bool) outcome {
	r.text, r.ends, r.size = r.text[:0], r.ends[:0], 0
	if len(data) == 0 {
		if final {
			return atEnd
		}
		return needMore
	}
	for pos := 0; ; pos++ {
		// One field a turn; pos is where it begins, and behind the switch where it ends.
		if quote := pos + blanks(data[pos:]); quote < len(data) && data[quote] == '"' {
			end, outcome := r.quoted(data, quote+1, final)
			if outcome != complete {
				return outcome
			}
			pos = end + blanks(data[end:])
			if pos < len(data) && data[pos] != comma && data[pos] != '\n' && data[pos] != '\r' {
				return brokenQuote
			}
		} else {
			end := pos
			for end < len(data) && data[end] != comma && data[end] != '\n' && data[end] != '\r' {
				end++
			}
			r.text = append(r.text, data[pos:end]...)
			pos = end
		}
		r.ends = append(r.ends, len(r.text))
		switch {
		case pos == len(data):
			if !final {
				return needMore
			}
			r.size = pos
			return complete
		case data[pos] == comma:
		case data[pos] == '\n':
			r.size = pos + 1
			return complete
		case pos+1 == len(data) && !final:
			return needMore // the LF of this CR may follow
		default:
			r.size = pos + 1 + lineFeeds(data[pos+1:])
			return complete
		}
	}
}

// quoted appends a quoted field that begins behind its quotation mark at pos, and gives the place behind the closing one.
func (r *raw) quoted(data []byte, pos int, final bool) (end int, o outcome) {
	for {
		mark := bytes.IndexByte(data[pos:], '"')
		if mark < 0 {
			if final {
				return 0, brokenQuote
			}
			return 0, needMore
		}
		r.text = append(r.text, data[pos:pos+mark]...)
		pos += mark + 1
		if pos == len(data) && !final {
			return 0, needMore
		}
		if pos == len(data) || data[pos] != '"' {
			return pos, complete
		}
		r.text = append(r.text, '"')
		pos++
	}
}

func blanks(data []byte) int {
	n := 0
	for n < len(data) && data[n] == ' ' {
		n++
	}
	return n
}

func lineFeeds(data []byte) int {
	if len(data) > 0 && data[0] == '\n' {
		return 1
	}
	return 0
}

// scan looks at the row at the front of the window and leaves it there; take removes it.
func (r *Reader) scan(comma byte) (outcome, error) {
	for {
		data, final := r.window.unread(), r.window.ended
		if len(data) > MaxRowBytes {
			data, final = data[:MaxRowBytes], false
		}
		outcome := r.raw.split(data, comma, final)
		if outcome != needMore {
			return outcome, nil
		}
		if len(data) == MaxRowBytes {
			return tooLong, nil
		}
		if err := r.window.more(); err != nil {
			return outcome, r.errRead(err)
		}
	}
}

// take removes the row that scan found.
func (r *Reader) take() {
	r.line += lineEnds(r.window.unread()[:r.raw.size])
	r.window.drop(r.raw.size)
}

// takeLine removes one line of the file, for a row that cannot be told from what follows it, and gives the beginning of its text.
// If the source fails meanwhile the next scan says so.
func (r *Reader) takeLine() string {
	const shown = 4096
	data := r.window.unread()
	n := min(len(data), shown)
	if end := bytes.IndexAny(data[:n], "\r\n"); end >= 0 {
		n = end
	}
	text, _ := r.text(data[:n])
	for {
		data = r.window.unread()
		if end := bytes.IndexAny(data, "\r\n"); end >= 0 {
			if end+1 == len(data) && data[end] == '\r' && !r.window.ended && r.window.more() == nil {
				data = r.window.unread()
			}
			size := end + 1
			if data[end] == '\r' {
				size += lineFeeds(data[size:])
			}
			r.line++
			r.window.drop(size)
			break
		}
		r.window.drop(len(data))
		if r.window.ended || r.window.more() != nil {
			break
		}
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\ufffd"), "\ufffd")
}

// lineEnds counts LF, CR LF and CR.
func lineEnds(data []byte) int {
	n := bytes.Count(data, []byte{'\n'})
	if bytes.IndexByte(data, '\r') < 0 {
		return n
	}
	for i, b := range data {
		if b == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			n++
		}
	}
	return n
}

// window is the part of a source that is in memory.
type window struct {
	source io.Reader
	buffer []byte
	begin  int
	ended  bool
	failed error
}

// firstRead is how much is looked at for the encoding, and the least that is read at a time.
const firstRead = 64 << 10

func (w *window) unread() []byte { return w.buffer[w.begin:] }

func (w *window) drop(n int) { w.begin += n }

// more brings at least one byte into the window, or its end. It doubles what is unread, so that a long row costs linear time.
func (w *window) more() error {
	if w.failed != nil || w.ended {
		return w.failed
	}
	unread := copy(w.buffer[:cap(w.buffer)], w.unread())
	want := max(firstRead, 2*unread)
	if cap(w.buffer) < want {
		grown := make([]byte, want)
		copy(grown, w.buffer[:unread])
		w.buffer = grown
	}
	w.buffer, w.begin = w.buffer[:want], 0
	n, err := io.ReadAtLeast(w.source, w.buffer[unread:], max(1, want-unread))
	w.buffer = w.buffer[:unread+n]
	switch {
	case err == nil:
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		w.ended = true
	default:
		w.failed = err
	}
	if n > 0 {
		return nil // what came before a failure is still good
	}
	return w.failed
}

// counter counts what comes out of a source.
type counter struct {
	source io.Reader
	bytes  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.bytes += int64(n)
	return n, err
}
