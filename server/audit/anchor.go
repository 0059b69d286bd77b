package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// ReadAnchors reads the heads that earlier verifications left in a file, one a line: the number of the link, its hash, and when it was
// written, separated by blanks. A file that is not there yet has none. Whoever can write to the database must not be able to write there.
func ReadAnchors(path string) ([]Head, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var heads []Head
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 2 {
			return nil, fmt.Errorf("%s, line %d: a link's number and its hash are expected", path, n)
		}
		h := Head{}
		if h.Seq, err = strconv.ParseInt(fields[0], 10, 64); err != nil || h.Seq < 1 {
			return nil, fmt.Errorf("%s, line %d: %q is no number of a link", path, n, fields[0])
		}
		if h.Hash, err = ParseHash(fields[1]); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		heads = append(heads, h)
	}
	return heads, lines.Err()
}

// AddAnchor appends a head to the file.
func AddAnchor(path string, h Head, now time.Time) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d %s %s\n", h.Seq, h.Hash, now.UTC().Format(time.RFC3339))
	return errors.Join(err, file.Sync(), file.Close())
}
