#!/usr/bin/env bash
# Speed and memory of the release builds, in the sandbox; one line of JSON per measurement on stdout.
. "$(dirname "$0")/lib.sh"
. scripts/clients.sh
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}" python3 python3-venv
# Those that answer as our helper does.
only_python_clients keyrings.codeartifact-2.1.2 awscli-1.46.3
need_python_clients

target=${CARGO_TARGET_DIR:-target}
# One by one: together, features of third parties would be those of all programs.
cargo build --release --locked -p vouch-cli
cargo build --release --locked -p cargo-credential-vouch
cargo build --release --locked -p pip-keyring-vouch
cargo build --locked -p vouch-sandbox -p vouch-e2e
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
cp "$target"/release/{vouch,cargo-credential-vouch,pip-keyring-vouch} "$target/debug/bench" "$bin"

VOUCH_TEST_CLIENTS=$(realpath "$clients")
export VOUCH_TEST_CLIENTS
in_sandbox() { "$target/debug/vouch-sandbox" run --bin "$bin" --env VOUCH_TEST_CLIENTS "$@"; }

in_sandbox -- "$PWD/scripts/bench-steps.sh" 'bench warm' 'bench cold' 'bench crowd 40' 'bench crowd 100'
in_sandbox --rtt 20 -- "$PWD/scripts/bench-steps.sh" 'bench distance 20'
in_sandbox -- "$PWD/scripts/bench-steps.sh" 'bench project'
in_sandbox -- "$PWD/scripts/bench-steps.sh" 'bench scale'
in_sandbox -- "$PWD/scripts/bench-steps.sh" 'bench keyrings'
