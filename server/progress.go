package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// plainEvery is how often a stage tells where it is when nobody watches a bar.
const plainEvery = 5 * time.Second

// progress shows how far long work is: a bar on a terminal, plain lines elsewhere.
type progress struct {
	out   io.Writer
	isBar bool
	stage string
	bar   *progressbar.ProgressBar
	began time.Time
	told  time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		p.isBar = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// show tells that done of total parts of a stage are finished; total 0 is not known yet. A new name begins a new stage.
func (p *progress) show(stage string, done, total int) {
	if stage != p.stage {
		p.finish()
		p.stage, p.began, p.told = stage, time.Now(), time.Now()
		p.bar = nil
		switch {
		case p.isBar && total == 0:
			fmt.Fprintf(p.out, "%-20s ", stage)
		case p.isBar:
			p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(fmt.Sprintf("%-20s", stage)),
				progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionFullWidth())
		}
	}
	switch {
	case p.bar != nil:
		if total > 0 && p.bar.GetMax() != total {
			p.bar.ChangeMax(total)
		}
		_ = p.bar.Set(done)
	case !p.isBar && time.Since(p.told) >= plainEvery && total > 0:
		fmt.Fprintf(p.out, "%s: %d of %d\n", stage, done, total)
		p.told = time.Now()
	}
}

// finish ends the last stage.
func (p *progress) finish() {
	if p.stage == "" {
		return
	}
	switch {
	case p.bar != nil:
		_ = p.bar.Finish()
		fmt.Fprintln(p.out)
	case p.isBar:
		fmt.Fprintf(p.out, "%.1f s\n", time.Since(p.began).Seconds())
	default:
		fmt.Fprintf(p.out, "%s: done in %.1f s\n", p.stage, time.Since(p.began).Seconds())
	}
	p.stage = ""
}
