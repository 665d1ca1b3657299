# The targets that people and CI use. `make help` lists them.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The packages with golden files, whose tests take -update.
GOLDEN := ./gen ./gen/inspect ./cmd/sagagen ./internal/compat ./runtime/internal/executor \
	./examples/trip ./examples/provision ./docs

.DEFAULT_GOAL := help
.PHONY: help test postgres lint generate checkgenerate bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## run all tests, with the race detector; those of the nested modules without
	go test -race -timeout 20m ./...
	cd bench && go test ./...
	cd gen/vet/golangci && go test ./...

postgres: ## run the tests of the PostgreSQL store (apt-get install postgresql pgbouncer, or SAGA_TEST_POSTGRES)
	CI=true go test -race -count=1 -timeout 20m ./internal/pgtest ./runtime/store/postgres ./examples/orders/...

lint: ## check formatting and house rules, go vet and staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' | grep -v '^testdata/')); \
		if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; fi
	go run ./internal/stylecheck
	go vet ./...
	go run $(STATICCHECK) ./...
	for module in bench gen/vet/golangci; do (cd $$module && go vet ./... && go run $(STATICCHECK) ./...) || exit 1; done

generate: ## run sagagen on all packages that have directives, and rewrite golden files
	go run ./cmd/sagagen ./examples/...
	cd bench && go tool sagagen ./...
	go test $(GOLDEN) -update

checkgenerate: ## fail, and show the difference, if generated files are not what sagagen writes now
	go run ./cmd/sagagen -check ./examples/...
	cd bench && go tool sagagen -check ./...

bench: ## measure sagas beside the same work in other systems, in some minutes (see docs/performance.md)
	cd bench && go run . -short
