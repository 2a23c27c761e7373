#!/usr/bin/env bash
# Vouch for Windows, built on Linux and run under Wine: the unit tests, and the main job in the sandbox. No Windows is at hand.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
[[ $(uname -s) == Linux ]] || die "this runs Vouch for Windows on Linux"
need_rust
need_packages "${build_packages[@]}" "${sandbox_packages[@]}" wine wine64
need_web_rust gcc-mingw-w64-x86-64-win32

target=x86_64-pc-windows-gnu
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}/windows")
programs=$folder/$target/debug
crates=(vouch-core vouch-clients vouch-helper vouch-issuer vouch-yubikey pcsc-sys)
packages=(vouch-cli cargo-credential-vouch npm-token-vouch pip-keyring-vouch)

# for_windows CARGO-COMMAND…
for_windows() {
  CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$folder CARGO_INCREMENTAL=0 \
    /usr/bin/cargo "$@" --locked --quiet -Zbuild-std=std,panic_unwind --target "$target"
}

export WINEPREFIX=$folder/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=;winemenubuilder.exe=d' LC_ALL=C.UTF-8
trap 'wineserver -k || true' EXIT
[[ -e $WINEPREFIX/complete ]] || {
  rm -rf "$WINEPREFIX"
  mkdir -p "$folder"
  wine wineboot --init >/dev/null 2>&1
  wineserver -w
  touch "$WINEPREFIX/complete"
}

say "building for $target"
for_windows build "${packages[@]/#/--package=}"
# Wine 8 lacks this library, which every program of Rust's asks for random numbers.
cat >"$folder/bcryptprimitives.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) {
  return SystemFunction036(bytes, (ULONG)length);
}
C
x86_64-w64-mingw32-gcc -shared -O2 -s -o "$programs/bcryptprimitives.dll" "$folder/bcryptprimitives.c" -ladvapi32

say "unit tests under Wine"
tests=$(for_windows test --no-run --message-format=json "${crates[@]/#/--package=}" "${packages[@]/#/--package=}" --lib --bins |
  python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["profile"]["test"]:
        print(message["executable"])')
failed=0
while read -r test; do
  cp "$programs/bcryptprimitives.dll" "$(dirname "$test")"
  echo "     Running $(basename "$test")"
  wine "$test" </dev/null || failed=1
done <<<"$tests"

say "the main job under Wine, in the sandbox"
cargo build --quiet --locked -p vouch-sandbox
cargo test --locked -p vouch-e2e --test windows || failed=1
exit "$failed"
