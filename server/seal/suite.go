package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"strings"
)

// Suite is a cipher that seals. Another one, such as SM4-GCM, is a type with these methods and an entry in suites; nothing else changes.
type Suite interface {
	Name() string // in the key file
	KeyLen() int  // bytes
	AEAD(key []byte) (cipher.AEAD, error)
}

// AES256GCM is AES-256 in Galois/counter mode (NIST SP 800-38D).
type AES256GCM struct{}

// Name is AES-256-GCM.
func (AES256GCM) Name() string { return "AES-256-GCM" }

// KeyLen is 32.
func (AES256GCM) KeyLen() int { return 32 }

// AEAD makes the cipher of a key.
func (AES256GCM) AEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// numbered is a suite with the number that stands in sealed bytes, which is never given to another.
type numbered struct {
	Suite
	id byte
}

// suites are all that this program knows; new keys are made for the first.
var suites = []numbered{{AES256GCM{}, 1}}

func suiteNamed(name string) (numbered, bool) {
	for _, s := range suites {
		if s.Name() == name {
			return s, true
		}
	}
	return numbered{}, false
}

func suiteNames() string {
	names := make([]string, len(suites))
	for i, s := range suites {
		names[i] = s.Name()
	}
	return strings.Join(names, ", ")
}
