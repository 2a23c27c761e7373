# shellcheck shell=bash
# What compiles for other systems: sourced after lib.sh, not run.
# shellcheck disable=SC2154

ZIG_VERSION=0.17.1
ZIGBUILD_VERSION=0.24.0

# Debian's compiler and the sources of its standard library, which follow what browsers need: rustup has no standard library for
# other systems without its server.
need_web_rust() {
  local package
  # These two come from elsewhere with other compilers of the same names, and apt would take them away.
  for package in rustup rustc; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) != installed ]] ||
      die "Debian's package $package excludes those that this needs; rustup from https://rustup.rs does not"
  done
  need_packages "${web_rust_packages[@]}" "$@"
}

# need_python_tool FOLDER REQUIREMENT…: a virtual environment that is there whole or not at all.
need_python_tool() {
  local folder=$1
  shift
  [[ -e $folder/complete ]] && return 0
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$(programs_of "$folder")/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
  touch "$folder/complete"
}

# Where a virtual environment has its programs.
programs_of() {
  if [[ -d $1/Scripts ]]; then echo "$1/Scripts"; else echo "$1/bin"; fi
}

# need_zig FOLDER: a C compiler and linker for every system. Its Python is then in $ZIG_PYTHON.
need_zig() {
  local folder=$1/ziglang-$ZIG_VERSION-$ZIGBUILD_VERSION
  need_python_tool "$folder" "ziglang==$ZIG_VERSION" "cargo-zigbuild==$ZIGBUILD_VERSION"
  export ZIG_PYTHON=$folder/bin/python
}
