package account_test

import (
	"testing"
	"time"

	"jingwei/server/account"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules account.Rules
		ok    bool
	}{
		"defaults":            {account.Rules{}, true},
		"long passwords":      {account.Rules{PasswordMinLength: 128}, true},
		"too long":            {account.Rules{PasswordMinLength: 129}, false},
		"short":               {account.Rules{PasswordMinLength: 7}, false},
		"negative age":        {account.Rules{PasswordMaxAge: -time.Hour}, false},
		"idle for seconds":    {account.Rules{SessionIdle: time.Second}, false},
		"negative idle":       {account.Rules{SessionIdle: -time.Hour}, false},
		"idle beyond the end": {account.Rules{SessionIdle: 2 * time.Hour, SessionMax: time.Hour}, false},
	} {
		if err := c.rules.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
