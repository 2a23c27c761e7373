# shellcheck shell=bash
# What PyPI gets: sourced, not run.
# shellcheck disable=SC2154

MATURIN_VERSION=1.16.0
WHEEL_VERSION=0.48.0

# need_python_builder FOLDER: what makes the source distribution and packs wheels.
need_python_builder() {
  python_builder=$1/python-$MATURIN_VERSION-$WHEEL_VERSION
  need_python_tool "$python_builder" "maturin==$MATURIN_VERSION" "wheel==$WHEEL_VERSION"
  python_builder=$(programs_of "$python_builder")
}

# make_sdist SOURCE STAGE
make_sdist() {
  local source=$1 stage=$2 unpacked=$2/sdist
  (cd "$source" && "$python_builder/maturin" sdist --manifest-path pip-keyring-vouch/Cargo.toml --out "$stage") \
    >"$stage/sdist.log" 2>&1 || {
    cat "$stage/sdist.log" >&2
    die "no source distribution"
  }
  # Whoever installs it builds it: all that its files name must be in it.
  mkdir -p "$unpacked"
  tar -xzf "$stage/pip_keyring_vouch-$version.tar.gz" -C "$unpacked" --strip-components=1
  cargo metadata --quiet --format-version 1 --manifest-path "$unpacked/Cargo.toml" >/dev/null ||
    die "the source distribution cannot be built: something is missing in it"
}

# pack_wheel SOURCE STAGE PROGRAM PLATFORMS DIST
pack_wheel() {
  local source=$1 stage=$2 program=$3 platforms=$4 dist=$5 laid
  laid=$(python3 "$source/scripts/package/wheel.py" "$stage/pip_keyring_vouch-$version.tar.gz" "$program" "$platforms" \
    "$stage/wheel-$platforms" "$source/LICENSE-APACHE" "$source/LICENSE-MIT" "$stage/THIRD-PARTY.txt")
  "$python_builder/wheel" pack "$laid" --dest-dir "$dist" >/dev/null
}
