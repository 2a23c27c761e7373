#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" "${lint_packages[@]}"

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
# The helpers build without the card code, too.
cargo clippy -p cargo-credential-vouch --locked -- -D warnings
cargo clippy -p pip-keyring-vouch --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc -p vouch-core --no-deps --locked --quiet
shellcheck .ci/run scripts/*.sh
say "lint: clean"
