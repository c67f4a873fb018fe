# `go run ./cmd/peer` and `go test ./...` need nothing from here; these are names for longer ones.

FUZZTIME ?= 10s
SIZE ?= 1x

.PHONY: build check race fuzz bench vectors demo

build: ## one static binary, without the paths of this machine
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o peer ./cmd/peer

check: ## what must be clean before a commit
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck ./...
	go test ./...

race: ## three times in a row, with the race detector
	go test -race -count=3 ./...

fuzz: ## every fuzz target for FUZZTIME, with all cores; for a long run: make fuzz FUZZTIME=1h
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; done

bench: ## every benchmark; compare two runs with benchstat
	go test -run '^$$' -bench . -benchtime $(SIZE) ./...

vectors: ## the test vectors again, from scripts that share no code with the program (Node 20)
	cd docs/spec/vectors && npm ci --ignore-scripts && for f in *.mjs; do node $$f; done
	git diff --stat -- docs/spec/vectors

demo: ## three real nodes, played through
	go run ./cmd/peer demo
