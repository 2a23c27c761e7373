.PHONY: demo demo-team test soak fuzz mutants lint cross-check windows audit bench install package package-check package-test workflows

demo: ## the main job in a sandbox: enroll, log in, publish and build with real cargo
	@scripts/demo.sh
	@scripts/demo-team.sh

demo-team: ## two people, a spare key and a leaver in a sandbox
	@scripts/demo-team.sh

test: ## every test, with the real clients
	@scripts/test.sh

soak: ## ten million made-up URLs against two other parsers, ten thousand steps at random, a million join files, a thousand rounds of kills
	@scripts/soak.sh

fuzz: ## what anybody may hand to Vouch, made up for five minutes each
	@scripts/fuzz.sh

mutants: ## changes of the code that no test sees, where the rules of security are
	@scripts/mutants.sh

lint: ## formatting, clippy, shellcheck
	@scripts/lint.sh

cross-check: ## what Windows and macOS alone compile: compiler and clippy without a warning
	@scripts/cross-check.sh

windows: ## Vouch for Windows under Wine: unit tests, and the main job in the sandbox
	@scripts/windows.sh

audit: ## dependencies: bans, licenses, sources, advisories
	@scripts/audit.sh

bench: ## speed and memory, as ratios in one run
	@scripts/bench.sh

install: ## vouch and its helpers into ~/.cargo/bin
	@scripts/install.sh

package: ## what a release needs for Linux, into dist/: archives, Debian packages, wheel, npm packages, bills of materials
	@scripts/package.sh

package-check: ## the same, built twice in two folders and compared
	@scripts/package.sh --check

package-test: ## installs dist/ into Debian 11, 12 and 13 without Rust, does the main job there, removes it
	@scripts/package-test.sh

workflows: ## the workflows of GitHub: well-formed, and safe
	@scripts/workflows.sh
