#!/usr/bin/env bash
# The long way round of tests that make up their cases. VOUCH_URL_SEED=N repeats one.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}"

export VOUCH_URL_CASES=${VOUCH_URL_CASES:-10000000} VOUCH_URL_SEED=${VOUCH_URL_SEED:-$RANDOM}
# Optimised, but not linked as a release is: that takes minutes.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/soak
say "seed $VOUCH_URL_SEED"
cargo test --release --locked -p vouch-core --test urls -- --nocapture
