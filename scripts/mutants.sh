#!/usr/bin/env bash
# Changes the code on purpose, piece by piece, and tells which changes no unit test of its crate sees: where URLs are judged,
# secrets are blanked and sealed, sessions and attestations are believed, and tokens are written down. VOUCH_MUTANTS=FILE
# chooses one file, VOUCH_MUTANTS_SHARD=K/N a part.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}"

CARGO_MUTANTS_VERSION=27.1.0
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}/tools")
if [[ $("$tools/bin/cargo-mutants" mutants --version 2>/dev/null) != "cargo-mutants $CARGO_MUTANTS_VERSION" ]]; then
  cargo install --quiet --locked --root "$tools" "cargo-mutants@$CARGO_MUTANTS_VERSION"
fi
# The folders that hold the rules, each with the crate whose tests are to see a change.
rules=(
  vouch-core:vouch-core/src/endpoint
  vouch-core:vouch-core/src/vault.rs
  vouch-core:vouch-core/src/session
  vouch-issuer:vouch-issuer/src/attestation
  vouch-clients:vouch-clients/src/text/redact
  vouch-clients:vouch-clients/src/ledger
)
# More than this many at once would take a night: they are cut into parts.
MOST=150
export CARGO_INCREMENTAL=0
outcome=0
for rule in "${rules[@]}"; do
  crate=${rule%%:*} path=${rule#*:}
  [[ -z ${VOUCH_MUTANTS:-} || $path == "$VOUCH_MUTANTS" ]] || continue
  files=$path
  [[ ! -d $path ]] || files=$path/'**/*.rs'
  chosen=(--package "$crate" --file "$files" --exclude '**/tests.rs' --exclude '**/tests/**')
  count=$("$tools/bin/cargo-mutants" mutants --list "${chosen[@]}" | wc -l)
  parts=$(((count + MOST - 1) / MOST))
  say "$path: $count mutants in $parts parts"
  for ((part = 0; part < parts; part++)); do
    shard=${VOUCH_MUTANTS_SHARD:-$part/$parts}
    "$tools/bin/cargo-mutants" mutants "${chosen[@]}" --shard "$shard" --in-place --baseline skip --timeout 120 \
      --output "${CARGO_TARGET_DIR:-target}/mutants/${path//\//-}-$part" --cargo-test-arg=--lib || outcome=1
    [[ -z ${VOUCH_MUTANTS_SHARD:-} ]] || break
  done
done
exit "$outcome"
