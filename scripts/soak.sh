#!/usr/bin/env bash
# The long way round of tests that make up their cases. VOUCH_URL_SEED=N, VOUCH_WALK_SEED=N and VOUCH_KILLS_SEED=N
# repeat one.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}"

# Programs that are killed and fail: as tests have them.
cargo build --workspace --locked
export VOUCH_WALK_STEPS=${VOUCH_WALK_STEPS:-10000} VOUCH_WALK_SEED=${VOUCH_WALK_SEED:-$((RANDOM + 1))}
say "walk of $VOUCH_WALK_STEPS steps, seed $VOUCH_WALK_SEED"
VOUCH_TEST_CLIENTS=target/clients cargo test --locked -p vouch-e2e --test walk -- --nocapture

export VOUCH_KILLS_ROUNDS=${VOUCH_KILLS_ROUNDS:-1000} VOUCH_KILLS_SEED=${VOUCH_KILLS_SEED:-$((RANDOM + 1))}
say "$VOUCH_KILLS_ROUNDS rounds of kills, seed $VOUCH_KILLS_SEED"
cargo test --locked -p vouch-e2e --test kills -- --nocapture

export VOUCH_URL_CASES=${VOUCH_URL_CASES:-10000000} VOUCH_URL_SEED=${VOUCH_URL_SEED:-$RANDOM}
# Optimised, but not linked as a release is: that takes minutes.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/soak
say "seed $VOUCH_URL_SEED"
cargo test --release --locked -p vouch-core --test urls -- --nocapture

export PROPTEST_CASES=${PROPTEST_CASES:-1000000}
say "$PROPTEST_CASES join files"
cargo test --release --locked -p vouch-issuer --lib join:: -- --nocapture
