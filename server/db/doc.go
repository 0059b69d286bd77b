// Package db is the way to PostGIS: the pool, transactions as closures, errors told apart by SQLSTATE, migrations, and the private
// PostGIS that the program runs for itself where no DATABASE_URL is given.
//
// The private one is a cluster under <data-dir>/postgres that listens on 127.0.0.1 alone, on a port of its own and never on 5432, with
// generated passwords: one of the owner, who migrates, one of the application, who owns nothing (ApplicationRole). One process at a time owns a data directory, by a file lock; it starts the cluster, watches it and stops it.
//
//	<data-dir>/lock           held by the owner; says its process id and the port of the database
//	<data-dir>/postgres       the cluster
//	<data-dir>/postgres.log   what PostgreSQL says
//
// No noun's SQL belongs here: that is in the store.go of its folder.
package db
