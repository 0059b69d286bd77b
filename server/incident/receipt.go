package incident

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/server/seal"
)

// Receipt is with what a reporter follows the own report. Whoever has both may see how it stands.
type Receipt struct {
	Number string // "260728-000123": the day as yymmdd, and a number of that day's; can be read out on the phone
	Secret string // "7K2M-9QXA-04TZ-C1WE": 80 bits; "" where the key that it was derived from is gone
}

// zone is where the day of a number is counted. China has one zone, and has had no summer time since 1992.
var zone = time.FixedZone("CST", 8*60*60)

// secretBytes is how long a secret is: 80 bits, which nobody guesses.
const secretBytes = 10

// crockford is an alphabet that has no letters to be mistaken for digits (Douglas Crockford, "Base 32").
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// storedReceipt is a receipt as the database has it: it can say whether a secret is right, and not what it is.
type storedReceipt struct {
	number   string // without the hyphen
	hash     []byte // SHA-256 of the secret's bytes
	key      string
	county   string
	incident uuid.UUID
	at       time.Time
}

// newReceipt makes the receipt of an incident but for the last six digits of its number, which the database counts. The secret is derived and
// not random, so that a writer who did not get the first answer can be given it again, without it being stored.
func newReceipt(keys *seal.Ring, i Incident, at time.Time) (Receipt, storedReceipt, error) {
	secret, key, err := keys.Derive(receiptAbout(i.ID), secretBytes)
	if err != nil {
		return Receipt{}, storedReceipt{}, err
	}
	sum := sha256.Sum256(secret)
	stored := storedReceipt{number: at.In(zone).Format("060102"), hash: sum[:], key: key, county: i.County, incident: i.ID, at: at}
	return Receipt{Secret: grouped(secret)}, stored, nil
}

func receiptAbout(incident uuid.UUID) string { return "receipt/" + incident.String() }

// again is the receipt that was given before.
func (r storedReceipt) again(keys *seal.Ring) Receipt {
	receipt := Receipt{Number: spoken(r.number)}
	if secret, err := keys.DeriveAgain(r.key, receiptAbout(r.incident), secretBytes); err == nil {
		receipt.Secret = grouped(secret)
	}
	return receipt
}

// opens tells whether a secret is the receipt's, in the same time whatever it is.
func (r storedReceipt) opens(secret []byte) bool {
	sum := sha256.Sum256(secret)
	return subtle.ConstantTimeCompare(sum[:], r.hash) == 1
}

func spoken(number string) string { return number[:6] + "-" + number[6:] }

func grouped(secret []byte) string {
	text := crockford.EncodeToString(secret)
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

var (
	dropped      = strings.NewReplacer("-", "", " ", "", "\t", "", "－", "", "—", "")
	mistaken     = strings.NewReplacer("O", "0", "I", "1", "L", "1")
	numberDigits = regexp.MustCompile(`^[0-9]{12}$`)
)

// parseReceipt reads a number and a secret as people type them: small letters, without hyphens, with O for 0. ok is false for what no
// receipt can be.
func parseReceipt(r Receipt) (number string, secret []byte, ok bool) {
	number = dropped.Replace(ascii(r.Number))
	secret, err := crockford.DecodeString(mistaken.Replace(strings.ToUpper(dropped.Replace(ascii(r.Secret)))))
	return number, secret, err == nil && len(secret) == secretBytes && numberDigits.MatchString(number)
}

// ascii turns the wide letters, digits and signs of Chinese keyboards into those of ASCII.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}
