# shellcheck shell=bash
# What all packages share, and the archives: sourced by package.sh.
# shellcheck disable=SC2154

# What is the same for every processor, into FOLDER/stage: man pages, completions, licenses.
stage_common() {
  local folder=$1 vouch shell page
  local stage=$folder/stage source=$folder/source zig
  vouch=$folder/programs/$(uname -m)-unknown-linux-gnu/vouch
  [[ -x $vouch ]] || die "its own man pages are written by a \`vouch\` for this machine: name $(uname -m) in VOUCH_ARCHS, too"
  mkdir -p "$stage"/{man,completions,home}
  HOME=$stage/home "$vouch" man "$stage/man" 2>/dev/null
  for page in "$source"/scripts/package/man/*.1; do
    sed "s/@VERSION@/$version/" "$page" >"$stage/man/$(basename "$page")"
  done
  for shell in bash zsh fish; do
    HOME=$stage/home "$vouch" completions "$shell" >"$stage/completions/$shell"
  done
  # zig compiles these in.
  zig=$("$ZIG_PYTHON" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
  (cd "$source" && python3 scripts/package/dependencies.py licenses "$(uname -m)-unknown-linux-gnu" \
    "LLVM's libunwind=$zig/lib/libunwind/LICENSE.TXT" "musl, in static programs=$zig/lib/libc/musl/COPYRIGHT") \
    >"$stage/THIRD-PARTY.txt"
}

# put FOLDER FILE… : files that nobody runs.
put() {
  mkdir -p "$1"
  install -m 644 -- "${@:2}" "$1"
}

# put_programs FOLDER FILE…
put_programs() {
  mkdir -p "$1"
  install -m 755 -- "${@:2}" "$1"
}

put_completions() {
  local stage=$1 share=$2
  put "$share/bash-completion/completions" "$stage/completions/bash"
  mv "$share/bash-completion/completions/bash" "$share/bash-completion/completions/vouch"
  put "$share/zsh/$3" "$stage/completions/zsh"
  mv "$share/zsh/$3/zsh" "$share/zsh/$3/_vouch"
  put "$share/fish/vendor_completions.d" "$stage/completions/fish"
  mv "$share/fish/vendor_completions.d/fish" "$share/fish/vendor_completions.d/vouch.fish"
}

# An archive is laid out as what is below ~/.local or /usr/local, and so unpacked there.
make_archives() {
  local folder=$1 arch=$2 root
  local stage=$folder/stage source=$folder/source programs=$folder/programs
  local static=$programs/$arch-unknown-linux-musl
  root=$stage/vouch-$version-$arch-unknown-linux-gnu
  put_programs "$root/bin" "$programs/$arch-unknown-linux-gnu/vouch" "${helpers[@]/#/$static/}"
  put "$root/share/man/man1" "$stage"/man/*.1
  put_completions "$stage" "$root/share" site-functions
  put "$root/share/doc/vouch" "$source"/{README.md,CHANGELOG.md,LICENSE-APACHE,LICENSE-MIT} "$stage/THIRD-PARTY.txt"
  put "$root/share/doc/vouch/docs" "$source"/docs/*.md
  put "$root/lib/vouch" "$folder"/dist/pip_keyring_vouch-*"$arch"*.whl
  python3 "$source/scripts/package/archive.py" "$root" "$folder/dist/$(basename "$root").tar.gz"

  # For images that have little else in them.
  root=$stage/vouch-helpers-$version-$arch-unknown-linux-musl
  put_programs "$root/bin" "${helpers[@]/#/$static/}"
  put "$root/share/doc/vouch-helpers" "$source"/LICENSE-{APACHE,MIT} "$stage/THIRD-PARTY.txt"
  put "$root/lib/vouch" "$folder"/dist/pip_keyring_vouch-*"$arch"*.whl
  python3 "$source/scripts/package/archive.py" "$root" "$folder/dist/$(basename "$root").tar.gz"
}
