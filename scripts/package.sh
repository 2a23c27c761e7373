#!/usr/bin/env bash
# Everything that a release needs on Linux, into dist/. `--check` builds it twice, in two folders, and compares.
#
# VOUCH_ARCHS: which processors, such as "x86_64 aarch64" (the usual: this machine's). What is packed is the last commit.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
. scripts/package/programs.sh
. scripts/package/archives.sh
. scripts/package/registries.sh
. scripts/package/sbom.sh
. scripts/package/deb.sh

[[ $(uname -s) == Linux ]] || die "this makes the packages for Linux, on Linux; .github/workflows/release.yml makes the others"
case ${1-} in
  '') check='' ;;
  --check) check=1 ;;
  *) die "usage: scripts/package.sh [--check]" ;;
esac
need_rust
need_packages "${build_packages[@]}" "${package_packages[@]}"
command -v npm >/dev/null || need_packages nodejs npm

read -ra archs <<<"${VOUCH_ARCHS:-$(uname -m)}"
for arch in "${archs[@]}"; do
  [[ $arch == x86_64 || $arch == aarch64 ]] || die "no packages are made for the processor \`$arch\`"
done
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/package")
commit=$(git rev-parse HEAD)
[[ -z $(git status --porcelain) ]] || say "note: what is not committed is not in the packages"
# The time of everything in the packages. Zip has no time before 1980, and local time.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git show --no-patch --format=%ct HEAD)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
umask 022
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[[ -n $version ]] || die "Cargo.toml names no version"

# What Cargo.toml says of a release.
fact() {
  cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["metadata"]["release"][sys.argv[1]])' "$1"
}
npm_scope=$(fact npm-scope)
homepage=$(fact homepage)
maintainer=$(fact maintainer)
: "${maintainer:=Vouch maintainers <maintainers@vouch.invalid>}"

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

# build FOLDER: a release out of FOLDER/source, compiled in FOLDER/build, into FOLDER/dist.
build() {
  local folder=$1
  lay_source "$folder/source"
  rm -rf "$folder/dist" "$folder/stage"
  mkdir -p "$folder/dist" "$folder/stage"
  build_programs "$folder"
  stage_common "$folder"
  make_sdist "$folder"
  for arch in "${archs[@]}"; do
    make_wheel "$folder" "$arch"
    make_archives "$folder" "$arch"
    make_debs "$folder" "$arch"
    make_sboms "$folder" "$arch"
  done
  make_npm_packages "$folder"
  check_debs "$folder/dist"
  (cd "$folder/dist" && sha256sum -- * >SHA256SUMS)
}

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
