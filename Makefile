# 经纬 Jingwei. `make run` is all it takes; `make help` lists the rest.
#
# ARGS is handed to `jingwei serve`:  make run ARGS="--listen 0.0.0.0:9000"
# JINGWEI_LISTEN, JINGWEI_DATA_DIR and DATABASE_URL do what they do for the program itself: `bin/jingwei serve --help`.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL: # apt, npm and vite do not like to meet themselves

ARGS ?=
TOOL := go tool -modfile=tools.mod
CACHE := .cache
# The provider that the tests of single sign-on talk to is a module of its own.
PROVIDER := server/account/oidcprovider
SCRIPTS := .ci/setup .ci/run .ci/test .ci/vulnerabilities

# Go writes the revision into the binary, but refuses where git does not trust the folder (it belongs to another user).
GO_BUILD := go build $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

# What the pages are built from.
PAGES := $(shell find webmap -name node_modules -prune -o -path webmap/dist -prune -o -path webmap/e2e -prune -o -type f ! -name '*.go' -print)

.PHONY: help
help: ## Print this list
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup build ## Install what is missing, build, load the demo county into an empty database, and serve on 127.0.0.1:8080
	@exec bin/jingwei serve --demo $(ARGS)

.PHONY: build
build: webmap/dist/index.html ## Build the pages and bin/jingwei
	@$(GO_BUILD) -o bin/jingwei ./server

.PHONY: test
test: setup-test build oracle ## Run all tests: Go with -race, the pages' unit tests, the pages in a real browser; ends with the counts
	@.ci/test

.PHONY: e2e
e2e: setup-test build oracle ## Run the browser tests alone, against a server and a database of their own
	@node .ci/e2e.mjs

.PHONY: bench
bench: setup-test build ## Run the benchmarks, of Go and of the wall in a browser; ends with a table of ratios and bars. Takes some minutes and 7 GB
	@node .ci/bench.mjs

.PHONY: proof
proof: setup-test ## Show that nothing is lost: PostgreSQL and the server are killed while reports come in for a minute, and under 2,000 live clients. Takes some minutes
	@go test ./server -v -count 1 -timeout 15m -run '^TestNothingIsLost$$' -durability 60s
	@go test ./server -v -count 1 -timeout 15m -run '^TestACrowdMissesNothing$$' -crowd 2000

.PHONY: check
check: lint vulnerabilities test ## What CI runs: lint, the check for known vulnerabilities, then test

.PHONY: vulnerabilities
vulnerabilities: setup webmap/node_modules/.package-lock.json
	@.ci/vulnerabilities

.PHONY: lint
lint: setup build oracle ## Format, lint, types, import rules and generated files, without changing anything
	$(TOOL) golangci-lint fmt --diff
	$(TOOL) golangci-lint run
	go mod tidy -diff
	cd $(PROVIDER) && go tool -modfile=$(CURDIR)/tools.mod golangci-lint run --config $(CURDIR)/.golangci.yml ./... && go mod tidy -diff
	@for script in $(SCRIPTS); do sh -n $$script || exit 1; done
	$(TOOL) shfmt -d $(SCRIPTS)
	cd webmap && npm run --silent check
	@mkdir -p $(CACHE)
	@bin/jingwei openapi >$(CACHE)/openapi.json
	@cmp $(CACHE)/openapi.json webmap/src/api/openapi.json || { echo "webmap/src/api/openapi.json is stale: run make gen"; exit 1; }
	@cd webmap && npx --no-install openapi-typescript src/api/openapi.json --output ../$(CACHE)/schema.gen.ts >/dev/null
	@cmp $(CACHE)/schema.gen.ts webmap/src/api/schema.gen.ts || { echo "webmap/src/api/schema.gen.ts is stale: run make gen"; exit 1; }
	@echo "lint: clean"

.PHONY: format
format: setup build ## Format everything
	$(TOOL) golangci-lint fmt
	$(TOOL) shfmt -w $(SCRIPTS)
	cd webmap && npx --no-install biome check --write .

.PHONY: gen
gen: setup build ## Write the files that are generated: the OpenAPI document and the client's types
	bin/jingwei openapi >webmap/src/api/openapi.json
	cd webmap && npm run --silent gen

.PHONY: clean
clean: ## Remove what was built; the data directory stays
	rm -rf bin $(CACHE) webmap/node_modules $(ORACLE)/node_modules webmap/dist/assets webmap/dist/*.html webmap/dist/*.svg

.PHONY: setup
setup:
	@.ci/setup run

.PHONY: oracle
oracle: webmap/e2e/oracle/node_modules/.package-lock.json

.PHONY: setup-test
setup-test:
	@.ci/setup test

# npm writes this file last, so it tells that the packages are whole and which lock file they are of.
webmap/node_modules/.package-lock.json: webmap/package-lock.json webmap/package.json | setup
	@echo "Installing the packages of the pages"
	@cd webmap && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The programs of others that judge boundaries in tests; make run does not need them. Their optional packages compile for minutes.
ORACLE := webmap/e2e/oracle
$(ORACLE)/node_modules/.package-lock.json: $(ORACLE)/package-lock.json $(ORACLE)/package.json | setup
	@echo "Installing the oracles of the tests"
	@cd $(ORACLE) && npm ci --omit=optional --no-audit --no-fund --loglevel=error
	@touch $@

# Vite empties dist first; .gitkeep, which lets a fresh clone compile without the pages, comes back from webmap/public.
webmap/dist/index.html: webmap/node_modules/.package-lock.json $(PAGES)
	@echo "Building the pages"
	@cd webmap && npm run --silent build -- --logLevel warn
	@touch $@
