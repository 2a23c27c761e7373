#!/usr/bin/env bash
# Installs what `make package` has left in dist/ into Debian 11, 12 and 13 without Rust, and into a root without glibc; does the
# main job there in the sandbox; takes it out again and looks for what is left. Arguments name some of `npm bullseye bookworm trixie bare`.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
need_rust
need_packages "${build_packages[@]}" "${roots_packages[@]}"
[[ $(id -u) == 0 ]] || die "roots are made, and entered, by root alone"
[[ -f dist/SHA256SUMS ]] || die "there is nothing to test: run \`make package\` first"
(cd dist && sha256sum --quiet --check SHA256SUMS)

target=${CARGO_TARGET_DIR:-target}
work=$(realpath -m "$target/package")
arch=$(uname -m)
# The oldest glibc of these systems: what is built for it runs in all of them.
glibc=2.31
keyring_version=25.7.0
UV_VERSION=0.13.9
declare -A pythons=([bullseye]=3.9 [bookworm]=3.11 [trixie]=3.13)

# The sandbox, with the YubiKey and AWS in it, runs inside each root: with the pcscd and the libpcsclite of that Debian.
need_sandbox() {
  need_zig "$work"
  PATH=$(dirname "$ZIG_PYTHON"):$PATH cargo zigbuild --quiet --locked --target "$arch-unknown-linux-gnu.$glibc" -p vouch-sandbox
  sandbox=$target/$arch-unknown-linux-gnu/debug/vouch-sandbox
}

# The mirror that this machine's apt uses, which has the other suites, too.
mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$1 ~ /\/debian\/?$/ && $2 !~ /security/ { print $1; exit }'
}

need_root() {
  local suite=$1 from
  [[ ! -e $work/roots/$suite.tar ]] || return 0
  from=$(mirror)
  mkdir -p "$work/roots"
  say "making a root with $suite"
  # Without Rust, and without a compiler.
  mmdebstrap --quiet --variant=apt --mode=root --format=tar \
    --include=ca-certificates,iproute2,pcscd,procps,python3-venv,vsmartcard-vpcd \
    "$suite" "$work/roots/$suite.part" ${from:+"$from"} >&2
  mv "$work/roots/$suite.part" "$work/roots/$suite.tar"
}

# keyring and what it needs, for the Python of a suite: the sandbox has no network.
need_wheels() {
  local suite=$1 python=${pythons[$1]}
  [[ ! -e $work/wheels-$python/complete ]] || return 0
  python3 -m pip download --quiet --disable-pip-version-check --only-binary :all: --python-version "$python" \
    --dest "$work/wheels-$python" "keyring==$keyring_version" >&2
  touch "$work/wheels-$python/complete"
}

# in_root ROOT WHEELS COMMAND…: what is mounted there is gone when the command ends.
in_root() (
  folder=$1 wheels=$2
  shift 2
  mkdir -p "$folder"/{proc,sys,dev,tmp,mnt/dist,mnt/rust,mnt/scripts,mnt/wheels,mnt/bin}
  # The sandbox puts its own in its place.
  touch "$folder/etc/hosts"
  cp "$sandbox" "$folder/mnt/bin/vouch-sandbox"
  # shellcheck disable=SC2016
  unshare --mount --propagation private -- bash -euc '
    root=$1 dist=$2 rust=$3 scripts=$4 wheels=$5
    shift 5
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs tmpfs "$root/tmp"
    for pair in "$dist=dist" "$rust=rust" "$scripts=scripts" "$wheels=wheels"; do
      mount --bind "${pair%%=*}" "$root/mnt/${pair#*=}"
      mount -o remount,bind,ro "$root/mnt/${pair#*=}"
    done
    cd "$root"
    exec env -i TERM=dumb LC_ALL=C.UTF-8 PATH=/mnt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      chroot "$root" "$@"
  ' - "$folder" "$PWD/dist" "$(rustc --print sysroot)" "$PWD/scripts" "$wheels" "$@"
)

test_suite() {
  local suite=$1 folder=$work/roots/$1 kind
  need_root "$suite"
  need_wheels "$suite"
  for kind in deb archive; do
    rm -rf "$folder"
    mkdir -p "$folder"
    tar -xpf "$folder.tar" -C "$folder" --numeric-owner
    say "== $suite, from the $kind"
    in_root "$folder" "$work/wheels-${pythons[$suite]}" \
      /mnt/bin/vouch-sandbox run -- /mnt/scripts/package-test-steps.sh "$kind" >&2 || die "$suite: the $kind failed"
    say "$suite: installed from the $kind, enrolled, logged in, published, built, removed: nothing is left"
  done
  rm -rf "$folder"
}

# A root with busybox, uv for musl, and the static helpers: there is no library in it.
test_bare() {
  local bare=$work/roots/bare wheels=$work/uv-$UV_VERSION
  [[ -e $wheels/complete ]] || {
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --platform "musllinux_1_1_$arch" --dest "$wheels" "uv==$UV_VERSION" >&2
    touch "$wheels/complete"
  }
  rm -rf "$bare"
  mkdir -p "$bare/bin" "$bare/uv"
  cp "$(command -v busybox)" "$bare/bin/busybox"
  python3 -m zipfile --extract "$wheels"/uv-*.whl "$bare/uv"
  install -m 755 "$bare"/uv/uv-*.data/scripts/uv "$bare/bin/uv"
  rm -r "$bare/uv"
  say "== no glibc: the static helpers and uv"
  "$sandbox" run -- "$PWD/scripts/package-test-bare-steps.sh" "$bare" "$PWD/dist" >&2 || die "the helpers fail without glibc"
  say "no glibc: published with uv"
  rm -rf "$bare"
}

# The npm packages, as files: the program starts, and nothing else in its place.
test_npm() (
  command -v npm >/dev/null || need_packages nodejs npm
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  starters=("$PWD"/dist/*-npm-token-vouch-[0-9]*.tgz) programs=("$PWD"/dist/*-npm-token-vouch-linux-*.tgz)
  # No registry is asked: what is not among the files is an optional dependency.
  npm install --prefix "$folder" --registry http://127.0.0.1:9 --fetch-retries 0 --loglevel error --no-audit --no-fund \
    "${starters[@]}" "${programs[@]}" >&2 || die "npm installs nothing"
  starter=$folder/node_modules/.bin/npm-token-vouch
  said=$("$starter" --version) || die "npm-token-vouch does not start"
  [[ $said == "npm-token-vouch $(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)" ]] || die "npm-token-vouch says $said"
  # By this name it serves a profile, which there is none of: the program has been told the name.
  ln -s "$starter" "$folder/npm-token-vouch-nobody"
  said=$(HOME=$folder "$folder/npm-token-vouch-nobody" 2>&1) && die "a token for nobody: $said"
  program=$(echo "$folder"/node_modules/*/npm-token-vouch-linux-*/bin/npm-token-vouch)
  printf x >>"$program"
  said=$("$starter" --version 2>&1) && die "a changed program was started"
  [[ $said == *"refusing to start"* ]] || die "a changed program: $said"
  rm -r "$(dirname "$(dirname "$program")")"
  said=$("$starter" --version 2>&1) && die "a missing program was started"
  [[ $said == *"is an optional dependency"* ]] || die "a missing program: $said"
  say "npm: the program starts, and neither another one nor none"
)

suites=("$@")
((${#suites[@]})) || suites=(npm bullseye bookworm trixie bare)
for suite in "${suites[@]}"; do
  case $suite in
    npm) test_npm ;;
    bare)
      need_sandbox
      test_bare
      ;;
    *)
      need_sandbox
      test_suite "$suite"
      ;;
  esac
done
say "packages: passed"
