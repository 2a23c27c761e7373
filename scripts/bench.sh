#!/usr/bin/env bash
# Speed and memory of the programs of a release, in the sandbox; one line of JSON per measurement on stdout. What is built is the
# last commit. Arguments name some of the measurements, such as `bench warm`.
. "$(dirname "$0")/lib.sh"
. scripts/clients.sh
. scripts/cross-tools.sh
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}" python3 python3-venv time valgrind
# Those that answer as our helper does.
only_python_clients keyrings.codeartifact-2.1.2 awscli-1.46.3
need_python_clients

target=${CARGO_TARGET_DIR:-target}
scripts/package.sh --bench
arch=$(uname -m)
built=$target/package/programs
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
mkdir "$bin/programs"
cp -r "$built/$arch-unknown-linux-musl" "$bin/programs/static"
cp -r "$built/$arch-unknown-linux-gnu" "$bin/programs/dynamic"
need_zig "$(realpath "$target/package")"
echo 'int main(void) { return 0; }' >"$bin/nothing.c"
"$ZIG_PYTHON" -m ziglang cc -target "$arch-linux-musl" -static -Os -s -o "$bin/programs/nothing" "$bin/nothing.c"

# What the sandbox takes is counted against the helpers: optimized, but not linked as a release is, which takes minutes.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
CARGO_TARGET_DIR=$target/bench cargo build --quiet --release --locked -p vouch-sandbox -p vouch-e2e --bin vouch-sandbox --bin bench
optimized=$target/bench/release
# As an archive has them: static helpers, and a dynamic `vouch`.
cp "$bin"/programs/static/* "$bin/programs/dynamic/vouch" "$optimized/bench" "$bin"

VOUCH_TEST_CLIENTS=$(realpath "$clients")
VOUCH_BENCH_PROGRAMS=$bin/programs
export VOUCH_TEST_CLIENTS VOUCH_BENCH_PROGRAMS
in_sandbox() {
  "$optimized/vouch-sandbox" run --bin "$bin" --env VOUCH_TEST_CLIENTS --env VOUCH_BENCH_PROGRAMS "$@"
}

if (($#)); then
  in_sandbox -- "$PWD/scripts/bench-steps.sh" "$@"
  exit
fi
in_sandbox -- "$PWD/scripts/bench-steps.sh" 'bench warm' 'bench many' 'bench cold 0'
for rtt in 20 100; do
  in_sandbox --rtt "$rtt" -- "$PWD/scripts/bench-steps.sh" "bench cold $rtt"
done
for callers in 20 100 500; do
  in_sandbox -- "$PWD/scripts/bench-steps.sh" "bench crowd $callers cold" "bench crowd $callers warm"
done
for measurement in lines project scale keyrings; do
  in_sandbox -- "$PWD/scripts/bench-steps.sh" "bench $measurement"
done
