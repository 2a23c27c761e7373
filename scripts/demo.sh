#!/usr/bin/env bash
# The main job, as a person would type it, against a virtual YubiKey and AWS on loopback.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}"

cargo build --locked -p vouch-cli -p cargo-credential-vouch -p vouch-sandbox
"${CARGO_TARGET_DIR:-target}/debug/vouch-sandbox" run --firmware "${FIRMWARE:-5.7.1}" -- "$PWD/scripts/demo-steps.sh"
