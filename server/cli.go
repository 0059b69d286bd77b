package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"jingwei/server/access"
)

// version is set when a release is built; otherwise the revision of the source says what runs.
var version = ""

// cli is the whole command line. Its help texts are the manual.
type cli struct {
	Config

	Serve     serveCommand     `cmd:"" help:"Run the map server. Without --database-url it starts a private PostGIS of its own and stops it when it ends."`
	Demo      demoCommand      `cmd:"" help:"Fill an empty database with the demo county: areas, branches, stations and a year of incidents."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database's tables to what this program knows. All other commands do it by themselves."`
	Import    importCommand    `cmd:"" help:"Import your own areas, branches, stations or incidents."`
	Check     checkCommand     `cmd:"" help:"Look for all that does not fit in the last edition's boundaries: gaps, overlaps, areas that stick out of their parents, cross themselves, have several parts or are very small. Exits with 1 when something overlaps, sticks out or crosses."`
	Export    exportCommand    `cmd:"" help:"Write areas to a file."`
	Snap      snapCommand      `cmd:"" help:"Snap points: CSV with lon,lat on standard input, CSV with the code of each level and the branch on standard output."`
	Audit     auditCommand     `cmd:"" help:"The log of who did what."`
	User      userCommand      `cmd:"" help:"Accounts, their roles and tokens, as the machine's owner."`
	DB        dbCommand        `cmd:"" name:"db" help:"About the database."`
	Keys      keysCommand      `cmd:"" help:"About the keys that personal data are sealed with."`
	Retention retentionCommand `cmd:"" help:"Delete reporters' data and photos of incidents that were closed long ago. The server does so by itself each night."`
	Archive   archiveCommand   `cmd:"" help:"Take whole months of closed incidents out of the running tables, or bring one back."`
	OpenAPI   openAPICommand   `cmd:"" name:"openapi" help:"Print the OpenAPI 3.1 document of the HTTP API."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// Config is what every command can be told, by flag or environment variable.
type Config struct {
	DataDir     string  `help:"Folder of the private PostGIS (for root /var/lib/jingwei, else ~/.local/share/jingwei)." env:"JINGWEI_DATA_DIR" placeholder:"DIR"`
	DatabaseURL string  `help:"Use this PostGIS instead of a private one, for example postgres://user:password@host:5432/jingwei." env:"DATABASE_URL" placeholder:"URL"`
	MigrateURL  string  `help:"The same PostGIS as the role that owns the tables and migrates them; --database-url is then of a role that owns nothing." env:"JINGWEI_MIGRATE_URL" placeholder:"URL"`
	KeyFile     string  `help:"File with the keys that personal data are sealed with (keys.json in the data directory). JINGWEI_KEYS can hold its content instead." env:"JINGWEI_KEY_FILE" placeholder:"FILE"`
	SnapWithinM float64 `name:"snap-within-m" help:"A point outside every area, but at most this many metres away from one, is given to the nearest, marked inferred." env:"JINGWEI_SNAP_WITHIN_M" default:"0" placeholder:"METRES"`

	Verbose bool `short:"v" help:"Log more." env:"JINGWEI_VERBOSE"`

	served `kong:"-"` // what serve is told besides
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the program with its surroundings given, so that tests can call it. The result is the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("jingwei"),
		kong.Description("经纬 Jingwei: a map server for grid governance. Points snap to the one micro-grid, grid, community, town and county that own them, "+
			"and to the branch that answers.\n\nStart with: jingwei serve --demo"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { exited = code }),
		kong.Vars{"sources": "GeoJSON (FeatureCollection, or one feature a line) or TopoJSON"},
	)
	if err != nil {
		fmt.Fprintln(errOut, "jingwei:", err)
		return 2
	}
	kctx, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(errOut, "jingwei: %v\n", err)
		if parse := (*kong.ParseError)(nil); errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
			words, _, _ := strings.Cut(parse.Context.Command(), " <") // without the arguments
			fmt.Fprintf(errOut, "See: jingwei %s --help\n", words)
		} else {
			fmt.Fprintln(errOut, "See: jingwei --help")
		}
		return 2
	}
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level})))
	kctx.BindTo(access.With(ctx, access.Operator(systemUser())), (*context.Context)(nil))
	err = kctx.Run(&c.Config, &streams{in, out, errOut}, clock(time.Now))
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(errOut, "jingwei: interrupted")
		return 130
	}
	fmt.Fprintf(errOut, "jingwei: %v\n", err)
	return 1
}

// systemUser names who runs the command, for the audit log.
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// clock tells the time; only main and tests choose it.
type clock func() time.Time

type versionCommand struct{}

func (versionCommand) Run(s *streams) error {
	_, err := fmt.Fprintln(s.out, "jingwei", buildVersion())
	return err
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}
