#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
. scripts/clients.sh
. scripts/node-clients.sh
. scripts/npm-ini.sh
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}" "${test_packages[@]}"
need_python_clients
need_node_clients
need_npm_ini
need_nushell

# The tests run the built programs, so these come first.
cargo build --workspace --locked
VOUCH_TEST_CLIENTS=$(realpath "$clients")
export VOUCH_TEST_CLIENTS
cargo test --workspace --locked "$@"
scripts/python.sh
