# shellcheck shell=bash
# What all packages share, and the layout of the archives: sourced, not run.
# shellcheck disable=SC2034,SC2154

helpers=(cargo-credential-vouch npm-token-vouch pip-keyring-vouch)

# stage_texts SOURCE STAGE VOUCH TARGET [NAME=LICENSE…]: man pages, completions, licenses of what is compiled in.
stage_texts() {
  local source=$1 stage=$2 vouch=$3 target=$4 shell page
  shift 4
  mkdir -p "$stage/man" "$stage/completions" "$stage/home"
  HOME=$stage/home "$vouch" man "$stage/man" 2>/dev/null
  for page in "$source"/scripts/package/man/*.1; do
    sed "s/@VERSION@/$version/" "$page" >"$stage/man/$(basename "$page")"
  done
  for shell in bash zsh fish; do
    HOME=$stage/home "$vouch" completions "$shell" >"$stage/completions/$shell"
  done
  (cd "$source" && python3 scripts/package/dependencies.py licenses "$target" "$@") >"$stage/THIRD-PARTY.txt"
}

# put FOLDER FILE…: files that nobody runs.
put() {
  mkdir -p "$1"
  install -m 644 "${@:2}" "$1"
}

# put_programs FOLDER FILE…
put_programs() {
  mkdir -p "$1"
  install -m 755 "${@:2}" "$1"
}

# put_completions STAGE SHARE ZSH: each where its shell looks; Debian has a folder of its own for zsh.
put_completions() {
  local stage=$1 share=$2 zsh=$3
  mkdir -p "$share/bash-completion/completions" "$share/zsh/$zsh" "$share/fish/vendor_completions.d"
  install -m 644 "$stage/completions/bash" "$share/bash-completion/completions/vouch"
  install -m 644 "$stage/completions/zsh" "$share/zsh/$zsh/_vouch"
  install -m 644 "$stage/completions/fish" "$share/fish/vendor_completions.d/vouch.fish"
}

# put_texts SOURCE STAGE ROOT WHEEL: all that is in an archive beside the programs. It is laid out as what is below ~/.local or
# /usr/local, and so unpacked there. Setup names the wheel, which it finds beside the programs, to clients that need it.
put_texts() {
  local source=$1 stage=$2 root=$3 wheel=$4
  put "$root/share/man/man1" "$stage"/man/*.1
  put_completions "$stage" "$root/share" site-functions
  put "$root/share/doc/vouch" "$source"/README.md "$source"/CHANGELOG.md "$source"/LICENSE-APACHE "$source"/LICENSE-MIT \
    "$stage/THIRD-PARTY.txt"
  put "$root/share/doc/vouch/docs" "$source"/docs/*.md
  put "$root/lib/vouch" "$wheel"
}

# make_archives FOLDER ARCH: of Linux.
make_archives() {
  local folder=$1 arch=$2 root wheel
  local stage=$folder/stage source=$folder/source
  local static=$folder/programs/$arch-unknown-linux-musl
  wheel=$(echo "$folder"/dist/pip_keyring_vouch-*"_$arch".whl)
  root=$stage/vouch-$version-$arch-unknown-linux-gnu
  put_programs "$root/bin" "$folder/programs/$arch-unknown-linux-gnu/vouch" "${helpers[@]/#/$static/}"
  put_texts "$source" "$stage" "$root" "$wheel"
  python3 "$source/scripts/package/archive.py" "$root" "$folder/dist/$(basename "$root").tar.gz"

  # For images that have little else in them.
  root=$stage/vouch-helpers-$version-$arch-unknown-linux-musl
  put_programs "$root/bin" "${helpers[@]/#/$static/}"
  put "$root/share/doc/vouch-helpers" "$source"/LICENSE-APACHE "$source"/LICENSE-MIT "$stage/THIRD-PARTY.txt"
  put "$root/lib/vouch" "$wheel"
  python3 "$source/scripts/package/archive.py" "$root" "$folder/dist/$(basename "$root").tar.gz"
}
