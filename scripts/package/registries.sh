# shellcheck shell=bash
# What PyPI and npm get: sourced by package.sh.
# shellcheck disable=SC2154

MATURIN_VERSION=1.16.0
WHEEL_VERSION=0.48.0

# need_python_builder FOLDER: what makes the source distribution and packs wheels.
need_python_builder() {
  python_builder=$1/python-$MATURIN_VERSION-$WHEEL_VERSION
  need_python_tool "$python_builder" "maturin==$MATURIN_VERSION" "wheel==$WHEEL_VERSION"
}

make_sdist() {
  local folder=$1 unpacked=$1/stage/sdist
  (cd "$folder/source" && "$python_builder/bin/maturin" sdist --manifest-path pip-keyring-vouch/Cargo.toml \
    --out "$folder/stage") >"$folder/stage/sdist.log" 2>&1 || {
    cat "$folder/stage/sdist.log" >&2
    die "no source distribution"
  }
  # Whoever installs it builds it: all that its files name must be in it.
  mkdir "$unpacked"
  tar -xzf "$folder/stage/pip_keyring_vouch-$version.tar.gz" -C "$unpacked" --strip-components=1
  cargo metadata --quiet --format-version 1 --manifest-path "$unpacked/Cargo.toml" >/dev/null ||
    die "the source distribution cannot be built: something is missing in it"
  cp "$folder/stage/pip_keyring_vouch-$version.tar.gz" "$folder/dist"
}

# make_wheel FOLDER ARCH: one program for every Linux, so one wheel for them all.
make_wheel() {
  local folder=$1 arch=$2 laid
  laid=$(python3 "$folder/source/scripts/package/wheel.py" "$folder/stage/pip_keyring_vouch-$version.tar.gz" \
    "$folder/programs/$arch-unknown-linux-musl/pip-keyring-vouch" \
    "manylinux_2_17_$arch.manylinux2014_$arch.musllinux_1_1_$arch" "$folder/stage/wheel-$arch" \
    "$folder/source/LICENSE-APACHE" "$folder/source/LICENSE-MIT" "$folder/stage/THIRD-PARTY.txt")
  "$python_builder/bin/wheel" pack "$laid" --dest-dir "$folder/dist" >/dev/null
}

node_arch() {
  case $1 in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
  esac
}

make_npm_packages() {
  local folder=$1 arch laid programs=()
  for arch in "${archs[@]}"; do
    programs+=("linux-$(node_arch "$arch")=$folder/programs/$arch-unknown-linux-musl/npm-token-vouch")
  done
  python3 "$folder/source/scripts/package/npm.py" "$folder/source" "$folder/stage/npm" "$version" "$npm_scope" \
    "$folder/stage/THIRD-PARTY.txt" "${programs[@]}" >"$folder/stage/npm.txt"
  while read -r laid; do
    (cd "$folder/dist" && npm pack --silent --ignore-scripts "$laid" >/dev/null) || die "npm packs nothing"
  done <"$folder/stage/npm.txt"
}
