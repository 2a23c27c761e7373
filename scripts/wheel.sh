# shellcheck shell=bash
# The wheel of the keyring backend, built from what is here: sourced after lib.sh and clients.sh, not run.
# shellcheck disable=SC2154

wheels=${CARGO_TARGET_DIR:-target}/wheels

build_wheel() {
  rm -f "$wheels"/pip_keyring_vouch-*.whl
  "$clients/maturin-1.16.0/bin/maturin" build --quiet --locked --profile dev \
    --manifest-path pip-keyring-vouch/Cargo.toml --out "$wheels"
}
