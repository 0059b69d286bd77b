package csvfile

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is a character encoding in which ASCII bytes mean what they say.
type charset uint8

const (
	ascii   charset = iota // nothing else seen yet; the first other byte decides
	utf8Set                // UTF-8
	gb18030                // GB18030, which holds GBK and GB2312
)

// String is the usual name.
func (c charset) String() string {
	return [...]string{ascii: "ASCII", utf8Set: "UTF-8", gb18030: "GB18030"}[c]
}

var signatures = []struct{ magic, remedy string }{
	{"PK\x03\x04", `this is an Excel workbook (or a ZIP archive), no CSV: save the sheet as "CSV UTF-8"`},
	{"\xd0\xcf\x11\xe0", `this is an old Excel workbook, no CSV: save the sheet as "CSV UTF-8"`},
	{"\x1f\x8b", "this is a gzip file: unpack it first"},
}

// openCharset reads the beginning of the file, takes a byte order mark off and tells the encoding.
func (r *Reader) openCharset() error {
	if err := r.window.more(); err != nil {
		return r.errRead(err)
	}
	data := r.window.unread()
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.magic)) {
			return errors.New(s.remedy)
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		r.window.drop(3)
		r.charset = utf8Set
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return r.openUTF16()
	case 8*bytes.Count(data[:min(len(data), 512)], []byte{0}) > min(len(data), 512):
		return errors.New(`this is no CSV text (it may be UTF-16 without a byte order mark): save it as "CSV UTF-8"`)
	default:
		r.charset = sniff(data)
	}
	return nil
}

// openUTF16 puts a decoder in front of the source and begins anew; from there on the window holds UTF-8.
func (r *Reader) openUTF16() error {
	begun := bytes.Clone(r.window.unread())
	decoder := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
	r.window = window{source: transform.NewReader(io.MultiReader(bytes.NewReader(begun), r.window.source), decoder)}
	r.charset, r.utf16 = utf8Set, true
	if err := r.window.more(); err != nil {
		return r.errRead(err)
	}
	return nil
}

// sniff tells UTF-8 from GB18030 by what most characters are: Chinese text in GB18030 is seldom valid UTF-8 (about one pair in seven), and a
// UTF-8 file with a broken character is still mostly valid.
func sniff(data []byte) charset {
	valid, invalid := 0, 0
	for len(data) > 0 {
		i := 0
		for i < len(data) && data[i] < utf8.RuneSelf {
			i++
		}
		if data = data[i:]; len(data) == 0 || !utf8.FullRune(data) {
			break // the end, or a character cut by the end of the window
		}
		c, size := utf8.DecodeRune(data)
		if c == utf8.RuneError && size == 1 {
			invalid++
		} else {
			valid++
		}
		data = data[size:]
	}
	switch {
	case valid == 0 && invalid == 0:
		return ascii
	case valid >= invalid:
		return utf8Set
	}
	return gb18030
}

// decode makes strings of the row that scan found; ok is false when it is no text of the file's encoding.
func (r *Reader) decode() (fields []string, ok bool) {
	fields = make([]string, len(r.raw.ends))
	if r.charset == ascii && !isASCII(r.raw.text) {
		r.charset = sniff(r.window.unread())
		if r.charset == ascii { // a character that the end of the file cuts
			r.charset = utf8Set
		}
	}
	if r.charset != gb18030 {
		ok = utf8.Valid(r.raw.text) && !(r.utf16 && bytes.ContainsRune(r.raw.text, utf8.RuneError))
		text, begin := string(r.raw.text), 0
		for i, end := range r.raw.ends {
			fields[i], begin = text[begin:end], end
		}
		return fields, ok
	}
	ok = true
	for i := range fields {
		var good bool
		fields[i], good = r.text(r.raw.field(i))
		ok = ok && good
	}
	return fields, ok
}

// text decodes bytes of the file. What is no text becomes U+FFFD, and ok false.
func (r *Reader) text(data []byte) (s string, ok bool) {
	if isASCII(data) {
		return string(data), true
	}
	if r.charset != gb18030 {
		return string(data), utf8.Valid(data)
	}
	if r.decoder == nil {
		r.decoder = simplifiedchinese.GB18030.NewDecoder()
	}
	out, err := r.decoder.Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\ufffd"), false
	}
	return string(out), !bytes.ContainsRune(out, utf8.RuneError)
}

func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
