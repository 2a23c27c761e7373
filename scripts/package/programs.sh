# shellcheck shell=bash
# Builds the programs: sourced by package.sh.
# shellcheck disable=SC2034,SC2154

# Debian 11 has this one.
glibc=2.31
AUDITABLE_VERSION=0.7.7

# need_tool NAME VERSION: one that Cargo's registry alone has.
need_tool() {
  [[ -x $work/tools/bin/$1 ]] || cargo install --quiet --locked --root "$work/tools" "$1@$2" >&2
}

# Leaves the programs in FOLDER/programs/TARGET: the helpers static for any Linux, and all of them for glibc.
build_programs() {
  local folder=$1 arch
  (cd "$folder/source" && cargo fetch --locked --quiet)
  for arch in "${archs[@]}"; do
    build_for "$folder" "$arch-unknown-linux-musl" '' "${helpers[@]}" "${measured[@]}"
    build_for "$folder" "$arch-unknown-linux-gnu" ".$glibc" "${helpers[@]}" "${measured[@]}" vouch-cli
    check_glibc "$folder/programs/$arch-unknown-linux-gnu"
    check_static "$folder/programs/$arch-unknown-linux-musl"
  done
}

# build_for FOLDER TARGET SUFFIX PACKAGE…
build_for() (
  local folder=$1 target=$2 suffix=$3 package std=() flags=() sources
  shift 3
  cd "$folder/source" || return
  export CARGO_TARGET_DIR=$folder/build CARGO_INCREMENTAL=0 VOUCH_COMMIT=$commit
  PATH=$work/tools/bin:$(dirname "$ZIG_PYTHON"):$PATH
  CARGO=$(command -v cargo)
  # No path of this machine in a program: what panics says where, and the name of a registry's mirror is in the path.
  flags=("--remap-path-prefix=$folder/source=/vouch" "--remap-path-prefix=$folder/build=/build")
  for sources in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    flags+=("--remap-path-prefix=${sources%/}=/registry")
  done
  # zig takes no notice of -static-pie: without this a static program would be where everybody knows.
  [[ $target != *-musl ]] || flags+=(-Clink-arg=-pie)
  if [[ -d $(rustc --print sysroot)/lib/rustlib/$target/lib ]]; then
    say "building $* for $target"
  else
    need_web_rust
    say "building $* for $target, with the standard library from Debian's sources: a release is built with rustup's"
    CARGO=/usr/bin/cargo
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    std=("-Zbuild-std=std,panic_unwind")
    # The start files are zig's: rustc has none without a standard library of its own.
    [[ $target != *-musl ]] || flags+=(-Clink-self-contained=no)
  fi
  export CARGO
  # Blanks may be in a path, so they divide no flags here.
  CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf %s "${flags[*]}")
  export CARGO_ENCODED_RUSTFLAGS CFLAGS="-ffile-prefix-map=$folder=/build -g0"
  # One by one: together, the helpers would be built with what `vouch` alone needs.
  for package in "$@"; do
    "$CARGO" auditable zigbuild --quiet --locked --release "${std[@]}" --target "$target$suffix" --package "$package" >&2
  done
  rm -rf "$folder/programs/$target"
  mkdir -p "$folder/programs/$target"
  for package in "$@"; do
    cp "$CARGO_TARGET_DIR/$target/release/${package%-cli}" "$folder/programs/$target/"
  done
)

# Nothing newer than the glibc that is promised, and no library but those that every Linux with glibc has.
check_glibc() {
  local program newest library
  for program in "$1"/*; do
    newest=$(readelf -V --wide "$program" | grep -oE 'GLIBC_[0-9.]+' | cut -d_ -f2 | sort -uV | tail -n 1)
    [[ $(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1) == "$glibc" ]] ||
      die "$(basename "$program") needs glibc $newest, and $glibc is promised"
    for library in $(readelf -d --wide "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'); do
      case $library in
        libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libutil.so.1 | ld-linux-*.so.*) ;;
        *) die "$(basename "$program") needs $library" ;;
      esac
    done
  done
}

check_static() {
  local program
  for program in "$1"/*; do
    readelf -h --wide "$program" | grep -q 'Type:.*DYN' || die "$(basename "$program") is not position-independent"
    ! readelf -l --wide "$program" | grep -q INTERP || die "$(basename "$program") is not static: it names an interpreter"
    ! readelf -d --wide "$program" 2>/dev/null | grep -q '(NEEDED)' || die "$(basename "$program") is not static: it needs libraries"
  done
}
