package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"jingwei/server/audit"
	"jingwei/server/seal"
	"jingwei/server/web"
)

const (
	stepTime      = 30 * time.Second // a code of RFC 6238 is good for one step,
	skewSteps     = 1                // and for this many before and after it: clocks differ
	recoveryCodes = 10
	qrPixels      = 240
	factorIssuer  = "Jingwei" // what an authenticator calls us
)

// Offer is a second factor that is not proven yet.
type Offer struct {
	Secret string // base32, for typing
	URI    string // otpauth://…
	QR     string // the URI as a picture, data:image/png;base64,…
}

func errCodeNeeded(detail string) error { return web.NewProblem(web.SecondFactorNeeded, detail) }

// OfferFactor makes the secret of a second factor; ConfirmFactor puts it into force.
func (s *Service) OfferFactor(ctx context.Context, password string) (*Offer, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var offer *Offer
	err = s.prove(ctx, "factor.create", password, func(tx pgx.Tx, a *Account) error {
		if a.SecondFactor() {
			return web.NewProblem(web.Conflict, "your account has a second factor; remove it first")
		}
		var err error
		if offer, err = newOffer(a.Login); err != nil {
			return err
		}
		sealed, err := s.ring.Seal([]byte(offer.Secret), a.Object())
		if errors.Is(err, seal.ErrNoKeys) {
			return web.NewProblem(web.Conflict, "the server has no key to keep the secret of a second factor with; the operator can give it one with --key-file")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE account SET totp = $2, totp_confirmed_at = NULL, totp_step = 0, recovery = '{}' WHERE id = $1`, a.ID, sealed)
		return err
	})
	return offer, err
}

func newOffer(login string) (*Offer, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: factorIssuer, AccountName: login})
	if err != nil {
		return nil, err
	}
	picture, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return nil, err
	}
	return &Offer{key.Secret(), key.URL(), "data:image/png;base64," + base64.StdEncoding.EncodeToString(file.Bytes())}, nil
}

// ConfirmFactor puts the offered second factor into force, proven by a code. It gives the recovery codes, which can be seen only now, and the
// session's new cookie.
func (s *Service) ConfirmFactor(ctx context.Context, code string) (recovery []string, cookie *http.Cookie, err error) {
	a, v, err := me(ctx)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.claim(ctx, a.Login)
	if err != nil {
		return nil, nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		a, err := lock(ctx, tx, a.ID, s.now())
		if err != nil {
			return err
		}
		if a == nil || a.TOTP == nil || a.SecondFactor() {
			return web.NewProblem(web.Conflict, "no second factor waits to be confirmed; begin with POST /api/v1/account/second-factor")
		}
		ok, err := s.useTOTP(ctx, tx, a, code)
		if err != nil {
			return err
		}
		if !ok {
			return errCodeNeeded("the code is wrong; is the clock of your device right?")
		}
		var hashes [][]byte
		for range recoveryCodes {
			code := rand.Text()[:16] // 80 bits
			recovery, hashes = append(recovery, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:]), append(hashes, recoveryHash(code))
		}
		if _, err := tx.Exec(ctx, `UPDATE account SET totp_confirmed_at = $2, recovery = $3, version = version + 1 WHERE id = $1`, a.ID, s.now(), hashes); err != nil {
			return err
		}
		if err := unlock(ctx, tx, a.Login); err != nil {
			return err
		}
		if cookie, err = s.renew(ctx, tx, v); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "factor.confirm", Object: a.Object()})
	})
	if err != nil {
		return nil, nil, s.failIfProblem(ctx, t, "factor.confirm", err)
	}
	return recovery, cookie, nil
}

// RemoveFactor ends the second factor of the person who asks, by the password and a code. It gives the session's new cookie.
func (s *Service) RemoveFactor(ctx context.Context, password, code string) (cookie *http.Cookie, err error) {
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	err = s.prove(ctx, "factor.remove", password, func(tx pgx.Tx, a *Account) error {
		if !a.SecondFactor() {
			return web.NewProblem(web.Conflict, "your account has no second factor")
		}
		if err := s.useCode(ctx, tx, a, code); err != nil {
			return err
		}
		if err := unlock(ctx, tx, a.Login); err != nil {
			return err
		}
		if err := clearFactor(ctx, tx, a.ID); err != nil {
			return err
		}
		if cookie, err = s.renew(ctx, tx, visitOf(ctx).session); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "factor.remove", Object: a.Object()})
	})
	return cookie, err
}

// useCode takes a code of the second factor, or a recovery code; each is good once.
func (s *Service) useCode(ctx context.Context, tx pgx.Tx, a *Account, code string) error {
	if ok, err := s.useTOTP(ctx, tx, a, code); ok || err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `UPDATE account SET recovery = array_remove(recovery, $2) WHERE id = $1 AND $2 = ANY(recovery)`, a.ID, recoveryHash(code))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errCodeNeeded("the code of the second factor is wrong, or was used before; wait for the next one")
	}
	return audit.Append(ctx, tx, audit.Entry{Action: "factor.recover", Object: a.Object(), After: map[string]any{"codes_left": len(a.Recovery) - 1}})
}

// useTOTP takes a code of RFC 6238 whose step is later than the last one that was used.
func (s *Service) useTOTP(ctx context.Context, tx pgx.Tx, a *Account, code string) (ok bool, err error) {
	secret, err := s.ring.Open(a.TOTP, a.Object())
	if err != nil {
		return false, fmt.Errorf("second factor of %s: %w", a.ID, err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := s.now()
	for step := -skewSteps; step <= skewSteps; step++ {
		at := now.Add(time.Duration(step) * stepTime)
		want, err := totp.GenerateCode(string(secret), at)
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
			continue
		}
		tag, err := tx.Exec(ctx, `UPDATE account SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, a.ID, at.Unix()/int64(stepTime.Seconds()))
		if err != nil || tag.RowsAffected() == 1 {
			return err == nil, err
		}
	}
	return false, nil
}

// recoveryHash needs no salt and no slowness: the codes are random. Case, spaces and hyphens do not matter.
func recoveryHash(code string) []byte {
	hash := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))))
	return hash[:]
}
