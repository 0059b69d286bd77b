package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Ring is a set of keys, one of which is the current one. It is safe for use by many goroutines. The zero Ring and nil have no keys and
// answer with ErrNoKeys.
//
// A Ring from a file follows that file: another process may add keys to it while this one runs.
type Ring struct {
	path string // "" where the keys come from the environment
	keys atomic.Pointer[keys]
	mu   sync.Mutex // held while the file is read or written
}

// ErrNoKeys is the error of a ring without keys.
var ErrNoKeys = errors.New("there is no key to seal personal data with")

// keys is a state of the ring; immutable.
type keys struct {
	all     []*key // the oldest first
	current *key
	file    os.FileInfo // as it was when it was read; nil without a file
}

type key struct {
	id        string // rawID in hexadecimal digits
	rawID     []byte
	suite     numbered
	secret    []byte
	aead      cipher.AEAD
	createdAt time.Time
}

// document is the key file.
type document struct {
	Current string      `json:"current"`
	Keys    []storedKey `json:"keys"`
}

type storedKey struct {
	ID        string    `json:"id"`
	Suite     string    `json:"suite"`
	Key       string    `json:"key"` // base64
	CreatedAt time.Time `json:"created_at"`
}

// Key is what may be told of a key.
type Key struct {
	ID        string
	Suite     string
	CreatedAt time.Time
	Current   bool
}

// Keys lists the keys, the oldest first.
func (r *Ring) Keys() []Key {
	held, err := r.fresh()
	if err != nil {
		return nil
	}
	list := make([]Key, len(held.all))
	for i, k := range held.all {
		list[i] = Key{ID: k.id, Suite: k.suite.Name(), CreatedAt: k.createdAt, Current: k == held.current}
	}
	return list
}

// Has reports whether the ring has a key, also one that was added to its file just now.
func (r *Ring) Has(id string) bool {
	_, err := r.find(id)
	return err == nil
}

// Current is the id of the key that seals; "" in a ring without keys.
func (r *Ring) Current() string {
	held, err := r.fresh()
	if err != nil {
		return ""
	}
	return held.current.id
}

// Path is the file that the keys come from; "" where they come from the environment.
func (r *Ring) Path() string {
	if r == nil {
		return ""
	}
	return r.path
}

func (r *Ring) held() *keys {
	if r == nil {
		return nil
	}
	return r.keys.Load()
}

// fresh is the ring as its file has it now. One stat of the file, about 2 µs. What cannot be read any more leaves the ring as it was:
// a server goes on while somebody mends the file.
func (r *Ring) fresh() (*keys, error) {
	held := r.held()
	if held == nil {
		return nil, ErrNoKeys
	}
	if r.path == "" {
		return held, nil
	}
	if info, err := os.Stat(r.path); err != nil || same(info, held.file) {
		return held, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if read, err := readFile(r.path); err == nil {
		r.keys.Store(read)
	}
	return r.keys.Load(), nil
}

func (r *Ring) find(id string) (*key, error) {
	held := r.held()
	if held == nil {
		return nil, ErrNoKeys
	}
	if k := held.find(id); k != nil {
		return k, nil
	}
	held, err := r.fresh()
	if err != nil {
		return nil, err
	}
	if k := held.find(id); k != nil {
		return k, nil
	}
	return nil, &UnknownKeyError{ID: id}
}

func (k *keys) find(id string) *key {
	if i := slices.IndexFunc(k.all, func(k *key) bool { return k.id == id }); i >= 0 {
		return k.all[i]
	}
	return nil
}

// Parse reads a ring from JSON, such as an environment variable holds. It cannot be rotated.
func Parse(text []byte) (*Ring, error) {
	parsed, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := &Ring{}
	r.keys.Store(parsed)
	return r, nil
}

// parse never repeats what it reads in an error: it may be a key.
func parse(text []byte) (*keys, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, errors.New(`the keys are not JSON of the form {"current": "…", "keys": [{"id": "…", "suite": "…", "key": "…", "created_at": "…"}]}`)
	}
	parsed := &keys{}
	for n, s := range d.Keys {
		k, err := newKey(s)
		if err != nil {
			return nil, fmt.Errorf("key %d of %d: %w", n+1, len(d.Keys), err)
		}
		if parsed.find(k.id) != nil {
			return nil, fmt.Errorf("two keys have the id %s", k.id)
		}
		parsed.all = append(parsed.all, k)
	}
	if parsed.current = parsed.find(d.Current); parsed.current == nil {
		return nil, errors.New(`"current" must be the id of one of the keys`)
	}
	return parsed, nil
}

func newKey(s storedKey) (*key, error) {
	rawID, err := hex.DecodeString(s.ID)
	if err != nil || len(rawID) != keyIDLen || hex.EncodeToString(rawID) != s.ID {
		return nil, fmt.Errorf("its id must have %d hexadecimal digits in lower case", 2*keyIDLen)
	}
	suite, ok := suiteNamed(s.Suite)
	if !ok {
		return nil, fmt.Errorf("its suite is not known; this program knows %s", suiteNames())
	}
	secret, err := base64.StdEncoding.DecodeString(s.Key)
	if err != nil || len(secret) != suite.KeyLen() {
		return nil, fmt.Errorf("the key must be %d bytes in base64", suite.KeyLen())
	}
	aead, err := suite.AEAD(secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", suite.Name(), err)
	}
	return &key{id: s.ID, rawID: rawID, suite: suite, secret: secret, aead: aead, createdAt: s.CreatedAt}, nil
}

// generate makes a key that has no id of the others.
func generate(others *keys, at time.Time) (*key, error) {
	for {
		id, secret := make([]byte, keyIDLen), make([]byte, suites[0].KeyLen())
		_, _ = rand.Read(id) // never fails
		_, _ = rand.Read(secret)
		k, err := newKey(storedKey{
			ID: hex.EncodeToString(id), Suite: suites[0].Name(), Key: base64.StdEncoding.EncodeToString(secret), CreatedAt: at.UTC().Truncate(time.Second),
		})
		if err != nil || others.find(k.id) == nil {
			return k, err
		}
	}
}

func (k *keys) json() ([]byte, error) {
	d := document{Current: k.current.id}
	for _, k := range k.all {
		d.Keys = append(d.Keys, storedKey{ID: k.id, Suite: k.suite.Name(), Key: base64.StdEncoding.EncodeToString(k.secret), CreatedAt: k.createdAt})
	}
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}
