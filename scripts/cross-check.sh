#!/usr/bin/env bash
# What Windows and macOS alone compile, looked at on Linux: every warning of the compiler and of clippy is an error. Nothing is
# linked or run, and no Windows or macOS is at hand.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
[[ $(uname -s) == Linux ]] || die "this looks at other systems from Linux"
need_web_rust gcc-mingw-w64-x86-64-win32

packages=(vouch-cli cargo-credential-vouch npm-token-vouch pip-keyring-vouch)
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}/cross")

# A C compiler for macOS, whose headers it has.
need_zig "$folder"
export CC_aarch64_apple_darwin=$PWD/scripts/zig-cc.sh
# Where Apple's headers would be: whoever asks for them gets those of the compiler.
export SDKROOT=$folder

# By their paths: `cargo clippy` would take rustup's, which looks for sources of its own. Clippy tells what the compiler warns of,
# too, so one look is enough.
export CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$folder CARGO_INCREMENTAL=0
for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
  /usr/bin/cargo-clippy clippy --locked --quiet -Zbuild-std=std,panic_unwind --target "$target" \
    "${packages[@]/#/--package=}" -- -D warnings
  say "cross-check: $target is clean"
done
