# What can be done here: make help. Every target installs or builds what it needs and is quick the second time.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: soak many bench-helm bench-kustomize fuzz-coverage fuzz-kustomize fuzz-helm help build plugins programs tools demo demo-stop test test-unit test-cluster test-conformance lint formatting clippy generated deny bench fuzz e2e clean template-cases

# Errors of tests say what happened; where in the tests, their text says, too.
export RUST_LIB_BACKTRACE ?= 0
# Shared by all clones of this machine: what one has compiled, the next does not compile again.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/rosin/target
export ROSIN_TOOLS ?= $(HOME)/.cache/rosin/tools
# Where the usual installers put Rust and Go, for shells that were not told.
export PATH := $(PATH):$(HOME)/.cargo/bin:/usr/local/cargo/bin:/usr/local/go/bin
# The recorded corpora, where they are; the project has its own cases beside them.
ifneq ($(wildcard $(CURDIR)/../shared/conformance),)
export ROSIN_CONFORMANCE ?= $(CURDIR)/../shared/conformance
endif

$(shell CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)' tests/tools/prepare clone)

stage := tests/tools/stage
release := $(CARGO_TARGET_DIR)/release
# Always the whole workspace, narrowed to a target: Cargo then chooses one set of features, and compiles each dependency once.
cargo_build := cargo build --release --locked --workspace

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

build: plugins ## Build the plugins and the program: bin/rosin
	@$(stage) "build bin/rosin" $(cargo_build) --bin rosin
	@mkdir -p bin && cp -f $(release)/rosin bin/rosin.new && mv -f bin/rosin.new bin/rosin
	@echo "bin/rosin: $$(du -m bin/rosin | cut -f1) MiB"

plugins: ## Build the WebAssembly plugins
	@tests/tools/prepare cc wasm
	@$(stage) "build xtask" $(cargo_build) --bin xtask
	@$(stage) "build the plugins" $(release)/xtask plugins

programs: build
	@$(stage) "build the demo and the test programs" $(cargo_build) $(foreach b,testenv demo e2e bench,--bin rosin-$(b))

template-cases: plugins ## Build the program that answers the Helm corpus' JSON lines: bin/template-cases
	@$(stage) "build bin/template-cases" $(cargo_build) --bin template-cases
	@mkdir -p bin && cp -f $(release)/template-cases bin/template-cases.new && mv -f bin/template-cases.new bin/template-cases
	@rm -rf bin/fixture-chart && if [[ -d $${ROSIN_CONFORMANCE:-}/helm/fixture-chart ]]; then cp -r "$$ROSIN_CONFORMANCE/helm/fixture-chart" bin/fixture-chart && chmod -R u+w bin/fixture-chart; fi

tools: ## Build the control plane that demo and tests run against (etcd, Kubernetes, kwok), once
	@tests/tools/build control-plane

demo: build tools programs ## Show the main job: git to a live cluster (KEEP=1 leaves it running; KUBECONFIG uses your cluster)
	@$(release)/rosin-demo $(if $(KEEP),--keep)

test: test-unit test-cluster ## Run all tests, those against a real control plane among them

test-unit: plugins ## Run the tests that need no cluster, the recorded renders among them where they are (ROSIN_CONFORMANCE)
	@tests/tools/build flux kustomize helm kustomize-oracle helm-oracle release-oracle
	@$(stage) "unit and sandbox tests" cargo test --release --locked --workspace --no-fail-fast

test-conformance: ## Run only our own cases and, where they are (ROSIN_CONFORMANCE), the recorded renders
	@$(stage) "recorded renders" cargo test --release --locked --workspace --test kustomize

test-cluster: build tools ## Run the tests against a real control plane
	@tests/tools/build flux flux-controllers sops helm helm3
	@$(stage) "cluster tests" cargo test --release --locked --workspace --test cluster -- --ignored

lint: formatting clippy deny generated ## Check formatting, clippy, licences and that generated files are current

formatting:
	@$(stage) "formatting" cargo fmt --all --check

clippy:
	@$(stage) "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings

deny: ## Check licences, sources and duplicates of dependencies
	@tests/tools/prepare deny
	@$(stage) "cargo deny" tests/tools/deny

generated: ## Check that generated files (CRDs, RBAC) are current
	@$(stage) "build xtask" $(cargo_build) --bin xtask
	@$(stage) "generated files" $(release)/xtask crds --check

e2e: programs tools ## Play the recorded scenarios (MATCH='^ks-' for some), against a control plane without nodes
	@tests/tools/prepare python
	@tests/tools/build flux
	@$(release)/rosin-e2e $(if $(MATCH),--match '$(MATCH)')

demo-stop: ## End what make demo KEEP=1 left running
	@if [[ -x $(release)/rosin-demo ]]; then $(release)/rosin-demo --stop; fi

bench: programs tools ## Compare with a bare client and with Flux's controllers (N='100 1000' PEERS='rosin bare flux')
	@tests/tools/build flux-controllers
	@$(release)/rosin-bench $(if $(N),$(foreach n,$(N),--count $(n))) $(if $(PEERS),$(foreach p,$(PEERS),--peer $(p)))

bench-helm: build ## Compare renders of the recorded charts with the original Helm in one process each: CPU time (ARCHIVES="real-*.tar.zst")
	@tests/tools/build helm-oracle
	@$(stage) "build the benchmark" $(cargo_build) --bin rosin-bench-helm
	@tests/tools/bench-helm $(release)/rosin-bench-helm $(ARCHIVES)
soak: build tools ## Commit, drift, kill and let requests fail at random over 300 Kustomizations (MINUTES=30 N=300 SEED=1)
	@$(stage) "build the soak" $(cargo_build) --bin rosin-soak
	@$(release)/rosin-soak --minutes $(or $(MINUTES),30) --count $(or $(N),300) --seed $(or $(SEED),1)

many: build ## Say what thousands of Kustomizations cost, against an API server in memory (N=10000)
	@$(stage) "build the measurement" $(cargo_build) --bin rosin-many
	@$(release)/rosin-many --count $(or $(N),10000)

bench-kustomize: build ## Compare builds with the original kustomize: CPU time and memory (N=10000 gives it larger trees; they take minutes)
	@tests/tools/build kustomize kustomize-oracle
	@$(stage) "build the benchmark" $(cargo_build) --bin rosin-bench-kustomize
	@$(release)/rosin-bench-kustomize bin/rosin $(ROSIN_TOOLS)/kustomize $(N)
	@$(stage) "in process" cargo bench --locked --workspace --bench kustomize

fuzz-kustomize: ## Compare many random builds with the original kustomize (CASES=10000, SEED=1)
	@tests/tools/build kustomize-oracle
	@KUSTOMIZE_CASES=$(or $(CASES),10000) KUSTOMIZE_SEED=$(or $(SEED),1) $(stage) "random kustomizations" \
		cargo test --release --locked --workspace --test random_kustomizations -- --nocapture

fuzz-coverage: ## Fuzz readers, writers, merges, patches and builds with coverage (TIME=60, seconds for each)
	@$(foreach t,$(foreach n,read write merge json_patch,crates/manifest:$n) $(foreach n,kustomization replacements,plugins/kustomize:$n) \
		$(foreach n,parse run,crates/template:$n) $(foreach n,archive values,crates/chart:$n),\
		$(stage) "fuzz $t" tests/tools/fuzz $(subst :, ,$t) $(or $(TIME),60);)

fuzz-helm: ## Compare many random templates and charts with the original Helm (CASES=20000, CHARTS=4000, SEED=1)
	@tests/tools/build helm-oracle
	@HELM_CASES=$(or $(CASES),20000) HELM_CHARTS=$(or $(CHARTS),4000) HELM_SEED=$(or $(SEED),1) $(stage) "random templates and charts" \
		cargo test --release --locked --workspace --test differential --test charts -- --nocapture

fuzz: fuzz-kustomize fuzz-helm ## Run the property tests and random comparisons with many cases (CASES=20000)
	@PROPTEST_CASES=$(or $(CASES),20000) $(stage) "property tests" cargo test --release --locked --workspace prop

clean: ## Remove what was built in this clone, not the caches that clones share
	rm -rf bin .demo
