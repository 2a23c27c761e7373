#!/usr/bin/env bash
# Fuzzes what anybody may hand to Vouch: each target of tests/fuzz for five minutes, two at a time. Names as arguments choose
# targets, VOUCH_FUZZ_SECONDS another time. What breaks a target is put into tests/fuzz/crashes, where `make test` runs it.
. "$(dirname "$0")/lib.sh"
need_rust
need_packages "${build_packages[@]}" g++

host=$(rustc -vV | sed -n 's/^host: //p')
target=$(realpath -m "${CARGO_TARGET_DIR:-target}/fuzz")
seconds=${VOUCH_FUZZ_SECONDS:-300}
# As cargo-fuzz has it, without a sanitizer of memory: the product has no unsafe code. Each flag is one of the stable compiler.
flags=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
  -Cdebug-assertions -Coverflow-checks -Ccodegen-units=16)
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_PANIC=unwind CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
export CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_OPT_LEVEL=${VOUCH_FUZZ_OPT_LEVEL:-2}
CARGO_TARGET_DIR=$target RUSTFLAGS="${flags[*]}" \
  cargo build --release --locked -p vouch-fuzz --features libfuzzer --bin fuzz --target "$host"
program=$target/$host/release/fuzz

# Names as arguments, else those that have seeds.
names=("$@")
((${#names[@]})) || names=(tests/fuzz/seeds/*)
one() {
  local name=$1 corpus=$target/corpus/$1 crashes=tests/fuzz/crashes/$1
  mkdir -p "$corpus" "$crashes"
  if VOUCH_FUZZ_TARGET=$name "$program" "$corpus" "tests/fuzz/seeds/$name" "$crashes" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$crashes/" >"$target/$name.log" 2>&1; then
    printf '%s: %s executions, coverage %s\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$target/$name.log")" \
      "$(grep -o 'cov: [0-9]* ft: [0-9]*' "$target/$name.log" | tail -n 1)"
    rmdir --ignore-fail-on-non-empty "$crashes"
  else
    tail -n 30 "$target/$name.log"
    printf '%s: broken, see %s\n' "$name" "$crashes"
    return 1
  fi
}
export -f one
export seconds target program
printf '%s\n' "${names[@]##*/}" | xargs -P 2 -I NAME bash -c 'one NAME'
