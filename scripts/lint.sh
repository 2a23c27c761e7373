#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" "${lint_packages[@]}"

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc -p vouch-core --no-deps --locked --quiet
# The helpers have no code for cards or issuers in them.
for helper in cargo-credential-vouch pip-keyring-vouch npm-token-vouch; do
  foreign=$(cargo tree --locked -p "$helper" -e normal --prefix none | awk '{print $1}' |
    grep -xE 'pcsc|pcsc-sys|yubikey|x509-cert|vouch-issuer|vouch-yubikey' | sort -u || true)
  [[ -z $foreign ]] || die "$helper depends on $(tr '\n' ' ' <<<"$foreign")"
done
scripts/circles.py --self-test
scripts/circles.py ./*/src || die "files need each other: move what they share into a file of its own"
scripts/imports.py --self-test
scripts/imports.py cargo-credential-vouch npm-token-vouch pcsc-sys pip-keyring-vouch tests vouch-* ||
  die "imports are in another order: scripts/imports.py --fix FOLDER, then cargo fmt"
shellcheck .ci/run scripts/*.sh scripts/package/*.sh
say "lint: clean"
