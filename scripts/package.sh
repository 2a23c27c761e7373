#!/usr/bin/env bash
# Everything that a release needs on Linux, into dist/. `--check` builds it twice, in two folders, and compares. `--release` refuses
# where a name that the packages would be published under is nobody's. `--bench` builds the programs alone, with what they are
# measured against.
#
# VOUCH_ARCHS: which processors, such as "x86_64 aarch64" (the usual: this machine's). What is packed is the last commit.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
. scripts/package/programs.sh
. scripts/package/archives.sh
. scripts/package/registries.sh
. scripts/package/sbom.sh
. scripts/package/join.sh
. scripts/package/deb.sh

[[ $(uname -s) == Linux ]] || die "this makes the packages for Linux, on Linux; .github/workflows/release.yml makes the others"
check='' release='' bench=''
# Built like the helpers, and in no package.
measured=()
for word in "$@"; do
  case $word in
    --check) check=1 ;;
    --release) release=1 ;;
    --bench) bench=1 measured=(reference-client) ;;
    *) die "usage: scripts/package.sh [--check] [--release] [--bench]" ;;
  esac
done
need_rust
need_packages "${build_packages[@]}" "${package_packages[@]}"
command -v npm >/dev/null || need_packages nodejs npm

read -ra archs <<<"${VOUCH_ARCHS:-$(uname -m)}"
for arch in "${archs[@]}"; do
  [[ $arch == x86_64 || $arch == aarch64 ]] || die "no packages are made for the processor \`$arch\`"
done
# shellcheck disable=SC2031
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/package")
commit=$(git rev-parse HEAD)
[[ -z $(git status --porcelain) ]] || say "note: what is not committed is not in the packages"
# The time of everything in the packages. Zip has no time before 1980, and local time.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git show --no-patch --format=%ct HEAD)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
umask 022
. scripts/package/facts.sh
[[ -z $release ]] || need_names
need_zig "$work"
need_tool cargo-auditable "$AUDITABLE_VERSION"
need_tool cargo-cyclonedx "$CYCLONEDX_VERSION"
need_python_builder "$work"

# What is packed: the commit, and nothing that lies around beside it. Only files that differ from the last time are written anew,
# so only what has changed is compiled.
lay_source() {
  local folder=$1
  [[ -d $folder/.git ]] || git clone --quiet --no-checkout "$PWD" "$folder"
  git -C "$folder" fetch --quiet "$PWD" HEAD
  git -C "$folder" -c advice.detachedHead=false checkout --quiet --force "$commit"
  git -C "$folder" clean --quiet -ffdx
}

# It writes its own man pages.
own_vouch() {
  local vouch
  vouch=$1/programs/$(uname -m)-unknown-linux-gnu/vouch
  [[ -x $vouch ]] || die "without a \`vouch\` for this machine there are no man pages: name $(uname -m) in VOUCH_ARCHS, too"
  echo "$vouch"
}

# zig compiles these in.
zig_folder=$("$ZIG_PYTHON" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
zig_licenses=(
  "LLVM's libunwind=$zig_folder/lib/libunwind/LICENSE.TXT"
  "musl, in static programs=$zig_folder/lib/libc/musl/COPYRIGHT"
)

# build FOLDER: a release out of FOLDER/source, compiled in FOLDER/build, into FOLDER/dist.
build() {
  local folder=$1 vouch
  lay_source "$folder/source"
  rm -rf "$folder/dist" "$folder/stage"
  mkdir -p "$folder/dist" "$folder/stage"
  build_programs "$folder"
  vouch=$(own_vouch "$folder")
  stage_texts "$folder/source" "$folder/stage" "$vouch" "$(uname -m)-unknown-linux-gnu" "${zig_licenses[@]}"
  make_sdist "$folder/source" "$folder/stage"
  cp "$folder/stage/pip_keyring_vouch-$version.tar.gz" "$folder/dist"
  for arch in "${archs[@]}"; do
    # One program for every Linux, so one wheel for them all.
    pack_wheel "$folder/source" "$folder/stage" "$folder/programs/$arch-unknown-linux-musl/pip-keyring-vouch" \
      "manylinux_2_17_$arch.manylinux2014_$arch.musllinux_1_1_$arch" "$folder/dist"
    make_archives "$folder" "$arch"
    make_debs "$folder" "$arch"
    make_sboms "$folder" "$arch"
  done
  check_debs "$folder/dist"
  join_release "$folder/source" "$folder/stage" "$folder/dist"
}

if [[ -n $bench ]]; then
  lay_source "$work/source"
  build_programs "$work"
  exit
fi
build "$work"
if [[ -n $check ]]; then
  # Another path, of another length, and nothing that was compiled before.
  other=$(mktemp -d "${TMPDIR:-/tmp}/vouch-package-again.XXXXXX")
  trap 'rm -rf "$other"' EXIT
  build "$other"
  diff -u "$work/dist/SHA256SUMS" "$other/dist/SHA256SUMS" || die "two builds differ"
  say "two builds, in $work and $other, are the same, byte for byte"
fi
rm -rf dist
cp -r "$work/dist" dist
(cd dist && sha256sum --quiet --check SHA256SUMS)
say "packages of $version ($commit):"
(cd dist && stat -c '%10s  %n' -- * >&2)
