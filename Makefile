.PHONY: demo test lint audit bench install

demo: ## the main job in a sandbox: enrol, log in, publish and build with real cargo
	@scripts/demo.sh

test: ## every test, with the real clients
	@scripts/test.sh

lint: ## formatting, clippy, shellcheck
	@scripts/lint.sh

audit: ## dependencies: bans, licences, sources, advisories
	@scripts/audit.sh

bench: ## speed and memory, as ratios in one run
	@scripts/bench.sh

install: ## vouch and its helpers into ~/.cargo/bin
	@scripts/install.sh
