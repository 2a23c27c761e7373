#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
need_rust
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny

cargo deny --workspace check bans licenses sources
# The advisory database is a git repository: where that is out of reach, say so and go on.
cargo deny --workspace check advisories || say "note: advisories were not checked or not clean; see above"
