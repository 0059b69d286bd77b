// Package webmap embeds the built front end. The pages are built by npm run build into dist; without a build dist holds
// only .gitkeep, so that the program compiles all the same and says that its pages are missing.
package webmap

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the root of the built pages: index.html, docs.html, assets/.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, the only thing that Sub checks
	}
	return sub
}
