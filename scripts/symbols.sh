#!/usr/bin/env bash
# The built programs themselves: helpers without code for cards and issuers, although one build made all of them. That `vouch`
# has each of these symbols shows that looking for them finds them.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" binutils

programs=${CARGO_TARGET_DIR:-target}/debug
forbidden=(SCard pcsc_sys yubikey x509_cert vouch_issuer)

cargo build --workspace --locked
for helper in cargo-credential-vouch pip-keyring-vouch npm-token-vouch; do
  symbols=$(nm -C "$programs/$helper")
  for name in "${forbidden[@]}"; do
    found=$(grep -F -m 3 "$name" <<<"$symbols" || true)
    [[ -z $found ]] || die "$helper has code of $name: $found"
  done
done
symbols=$(nm -C "$programs/vouch")
for name in "${forbidden[@]}"; do
  grep -qF "$name" <<<"$symbols" || die "vouch has no symbol of $name, so looking for it in helpers shows nothing"
done
say "symbols: helpers have none of ${forbidden[*]}, vouch has each"
