package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"jingwei/server/account"
	"jingwei/server/hotline"
	"jingwei/server/web"
)

// served is what only a server is told: how people come in, and how often. Without a command line all of it has its defaults.
type served struct {
	PasswordMinLength int           `help:"Characters that a password must have." env:"JINGWEI_PASSWORD_MIN_LENGTH" default:"12" placeholder:"N"`
	PasswordMaxAge    days          `help:"A password has to be changed after this time, for example 90d; 0 is never." env:"JINGWEI_PASSWORD_MAX_AGE" default:"0" placeholder:"DAYS"`
	SessionIdle       time.Duration `help:"A session ends this long after the last request." env:"JINGWEI_SESSION_IDLE" default:"30m" placeholder:"TIME"`
	SessionMax        time.Duration `help:"A session ends this long after the log-in." env:"JINGWEI_SESSION_MAX" default:"12h" placeholder:"TIME"`
	SessionWall       time.Duration `help:"The session of an account that may only look, on a wall that is open all the time, ends this long after the log-in." env:"JINGWEI_SESSION_WALL" default:"720h" placeholder:"TIME"`

	PublicURL         string   `name:"public-url" help:"Where browsers reach the server, for example https://map.example.org. Needed behind a proxy; with https, cookies and browsers keep to https." env:"JINGWEI_PUBLIC_URL" placeholder:"URL"`
	TrustedProxy      []string `help:"Networks or addresses of the proxies before the server, whose X-Forwarded-For and X-Forwarded-Proto are believed." env:"JINGWEI_TRUSTED_PROXY" placeholder:"CIDR"`
	HotlineCategories string   `help:"Which item a category of the 12345 hotline means, as JSON like data/hotline_categories.json. Left out: that file." env:"JINGWEI_HOTLINE_CATEGORIES" placeholder:"FILE"`
	signOnFlags
	limitFlags
}

// surroundings are what lies between the server and the browsers.
func (f *served) surroundings() (o web.Options, err error) {
	if f.PublicURL != "" {
		if o.PublicURL, err = web.ParsePublicURL(f.PublicURL); err != nil {
			return o, fmt.Errorf("--public-url: %w", err)
		}
	}
	if o.TrustedProxies, err = web.ParseProxies(f.TrustedProxy); err != nil {
		return o, fmt.Errorf("--trusted-proxy: %w", err)
	}
	return o, nil
}

// hotlineCategories are those of the file that was named, or those that the program brings along.
func (f *served) hotlineCategories() (*hotline.Categories, error) {
	if f.HotlineCategories == "" {
		return hotline.DefaultCategories()
	}
	text, err := os.ReadFile(f.HotlineCategories)
	if err != nil {
		return nil, fmt.Errorf("--hotline-categories: %w", err)
	}
	return hotline.ParseCategories(f.HotlineCategories, text)
}

// accountRules are what a city sets about passwords and sessions.
func (f *served) accountRules() account.Rules {
	return account.Rules{
		PasswordMinLength: f.PasswordMinLength, PasswordMaxAge: time.Duration(f.PasswordMaxAge), SessionIdle: f.SessionIdle, SessionMax: f.SessionMax,
		SessionWall: f.SessionWall,
	}
}

// days is a length of time that may be written in days: 90d.
type days time.Duration

// UnmarshalText reads 90d, and what time.ParseDuration reads.
func (d *days) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is no number of days", number)
		}
		*d = days(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	duration, err := time.ParseDuration(string(text))
	*d = days(duration)
	return err
}
