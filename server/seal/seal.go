// Package seal keeps what must not be read at rest unreadable: personal data of reporters, secrets of second factors. A Ring holds keys; it
// seals bytes with its current key and opens what any of its keys has sealed. Which cipher that is, only a Suite knows. The package knows
// no noun and no database.
//
// Sealed bytes are: version (1), suite (1 byte), key id (4 bytes), nonce, ciphertext with its tag. All that stands before the
// nonce is authenticated, and so is what the bytes are about (see Seal).
package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// The beginning of sealed bytes.
const (
	version   = 1
	keyIDLen  = 4
	headerLen = 2 + keyIDLen
)

// ErrUnsealable is in the chain of every error about bytes that are not what was sealed: another row's, altered, or cut off.
var ErrUnsealable = errors.New("sealed data cannot be opened: it was altered, or belongs to another row")

// UnknownKeyError tells of sealed bytes whose key is not in the ring.
type UnknownKeyError struct{ ID string }

func (e *UnknownKeyError) Error() string {
	return "the key " + e.ID + " is not in the ring; put back the key file that holds it"
}

// Seal makes plain unreadable for everybody without the current key. about is what the bytes belong to, such as "incident/<id>":
// they can be opened under the same name only, so that moving them to another row is found out. One key may seal 2³² times; nonces are
// random.
func (r *Ring) Seal(plain []byte, about string) ([]byte, error) {
	keys, err := r.fresh()
	if err != nil {
		return nil, err
	}
	return keys.current.seal(plain, about)
}

// Open gives back what was sealed under the same name. The error is an *UnknownKeyError where the ring lacks the key, and has
// ErrUnsealable in its chain where the bytes are not as they were made.
func (r *Ring) Open(sealed []byte, about string) ([]byte, error) {
	id, err := KeyID(sealed)
	if err != nil {
		return nil, err
	}
	k, err := r.find(id)
	if err != nil {
		return nil, err
	}
	return k.open(sealed, about)
}

// Derive makes n secret bytes from the current key and a name: the same ones each time, as long as DeriveAgain is given the key's id.
func (r *Ring) Derive(about string, n int) (secret []byte, keyID string, err error) {
	keys, err := r.fresh()
	if err != nil {
		return nil, "", err
	}
	secret, err = keys.current.derive(about, n)
	return secret, keys.current.id, err
}

// DeriveAgain repeats what Derive made with the key of that id.
func (r *Ring) DeriveAgain(keyID, about string, n int) ([]byte, error) {
	k, err := r.find(keyID)
	if err != nil {
		return nil, err
	}
	return k.derive(about, n)
}

// KeyID is the id of the key that bytes are sealed with.
func KeyID(sealed []byte) (string, error) {
	if len(sealed) < headerLen || sealed[0] != version {
		return "", ErrUnsealable
	}
	return hex.EncodeToString(sealed[2:headerLen]), nil
}

func (k *key) seal(plain []byte, about string) ([]byte, error) {
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(append(k.bound(""), nonce...), nonce, plain, k.bound(about)), nil
}

func (k *key) open(sealed []byte, about string) ([]byte, error) {
	if sealed[1] != k.suite.id || len(sealed) < headerLen+k.aead.NonceSize()+k.aead.Overhead() {
		return nil, ErrUnsealable
	}
	nonce, text := sealed[headerLen:headerLen+k.aead.NonceSize()], sealed[headerLen+k.aead.NonceSize():]
	plain, err := k.aead.Open(nil, nonce, text, k.bound(about))
	if err != nil {
		return nil, ErrUnsealable // the cipher's own error says no more
	}
	return plain, nil
}

// bound is what is authenticated beside the ciphertext. The header's length is fixed, so no two pairs of header and about look alike.
func (k *key) bound(about string) []byte {
	return append(append([]byte{version, k.suite.id}, k.rawID...), about...)
}

func (k *key) derive(about string, n int) ([]byte, error) {
	secret, err := hkdf.Key(sha256.New, k.secret, nil, "derive "+about, n)
	if err != nil {
		return nil, fmt.Errorf("derive: %w", err)
	}
	return secret, nil
}
