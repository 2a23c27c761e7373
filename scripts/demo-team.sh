#!/usr/bin/env bash
# Joiners, a spare key and a leaver, against virtual YubiKeys and AWS on loopback.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}"

cargo build --locked -p vouch-cli -p vouch-sandbox
"${CARGO_TARGET_DIR:-target}/debug/vouch-sandbox" run --firmware "${FIRMWARE:-5.7.1}" --cards 3 -- \
  "$PWD/scripts/demo-team-steps.sh"
