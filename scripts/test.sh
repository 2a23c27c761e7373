#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
. scripts/clients.sh
. scripts/node-clients.sh
. scripts/wheel.sh
. scripts/npm-ini.sh
. scripts/maven-clients.sh
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}" "${test_packages[@]}" "${jvm_packages[@]}"
need_python_clients
need_node_clients
need_npm_ini
need_maven_clients
need_nushell

# The tests install the wheel and run the built programs, so these come first; the programs last, as both builds write them.
build_wheel
scripts/symbols.sh
VOUCH_TEST_CLIENTS=$(realpath "$clients")
export VOUCH_TEST_CLIENTS
# All of it, so that one look shows every failure.
cargo test --workspace --locked --no-fail-fast "$@"
scripts/python.sh
