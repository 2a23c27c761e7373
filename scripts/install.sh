#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" pcscd

# One by one: together, the helpers would be built with the card code of `vouch`.
for package in vouch-cli cargo-credential-vouch npm-token-vouch pip-keyring-vouch; do
  cargo install --locked --path "$package" "$@"
done
