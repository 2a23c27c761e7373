#!/usr/bin/env bash
# Runs in the sandbox inside a root, for package-test.sh: installs, does the main job, removes.
set -euo pipefail
kind=$1
export DEBIAN_FRONTEND=noninteractive

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Everything in the system but what belongs to this test, to the kernel, and to a package manager's memory.
list_files() {
  find / -xdev \( -path /mnt -o -path /tmp -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/lib/apt \
    -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log \) -prune -o -print | sort
}

# One version of it: where it is unpacked, with the links that a package manager such as Homebrew keeps.
unpack() {
  mkdir -p "/opt/vouch/$1"
  tar -xzf /mnt/dist/vouch-*-unknown-linux-gnu.tar.gz --strip-components=1 -C "/opt/vouch/$1"
  ln -sf /opt/vouch/"$1"/bin/* /usr/local/bin/
}

install_it() {
  case $kind in
    deb) apt-get install -y -qq /mnt/dist/vouch_*.deb /mnt/dist/vouch-helpers_*.deb >/dev/null ;;
    archive) unpack 1 ;;
  esac
}

# Another path under the same links, or the same package once more: what setup wrote must go on working.
upgrade_it() {
  case $kind in
    deb) apt-get install -y -qq --reinstall /mnt/dist/vouch_*.deb /mnt/dist/vouch-helpers_*.deb >/dev/null ;;
    archive)
      unpack 2
      rm -r /opt/vouch/1
      ;;
  esac
}

remove_it() {
  case $kind in
    deb) apt-get purge -y -qq vouch vouch-helpers >/dev/null ;;
    archive)
      find /usr/local/bin -lname '/opt/vouch/*' -delete
      rm -r /opt/vouch
      ;;
  esac
}

with_pin() { printf '%s\n' "$VOUCH_SANDBOX_PIN" | "$@" --pin-stdin; }

use_cargo() {
  vouch setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 --repository my-repo --region us-east-1
  cargo new --quiet --lib --vcs none greeting
  printf 'pub fn greet() -> u8 {\n    42\n}\n' >greeting/src/lib.rs
  cargo publish --quiet --manifest-path greeting/Cargo.toml --registry my-repo
  # A library: there is no linker in this root.
  cargo new --quiet --lib --vcs none hello
  printf 'pub fn hello() -> u8 {\n    greeting::greet()\n}\n' >hello/src/lib.rs
  cargo add --quiet --manifest-path hello/Cargo.toml --registry my-repo greeting
}

build_with_cargo() {
  rm -rf hello/target .cargo/registry
  cargo build --quiet --manifest-path hello/Cargo.toml
  [[ -e hello/target/debug/libhello.rlib ]] || fail "cargo built nothing"
}

use_pip() {
  local wheel
  wheel=$(ls /mnt/dist/pip_keyring_vouch-*"$(uname -m)"*.whl)
  python3 -m venv venv
  # Nothing is compiled: there is no compiler.
  venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /mnt/wheels "$wheel" 2>pip.log ||
    fail "the wheel was not installed: $(<pip.log)"
  vouch setup codeartifact --tool pip --repository my-pypi-repo
  # What it says to the client that imports it, and as a program.
  ask_keyring
}

ask_keyring() {
  local url token
  url=$(sed -n 's/^index-url *= *//p' .config/pip/pip.conf | sed 's#//[^/@]*@#//#')
  token=$(venv/bin/keyring get "$url" aws)
  [[ -n $token ]] || fail "the wheel gave no token"
  [[ $token == "$(venv/bin/pip-keyring-vouch get "$url" aws)" ]] || fail "the program and the backend answer differently"
  [[ -z $(venv/bin/keyring get https://index.example/simple/ aws) ]] || fail "the wheel answers for any host"
}

use_npm_helper() {
  vouch setup codeartifact --tool npm --repository my-npm-repo >/dev/null
  npm-token-vouch status | grep -q 'token until' || fail "npm-token-vouch wrote no token"
}

cd "$HOME"
# As Debian has it for whoever has that folder.
mkdir -p .local/bin
export PATH=$HOME/.local/bin:$PATH
! command -v vouch >/dev/null || fail "vouch is installed already"
# A venv makes bytecode of the system's Python where nothing has before.
python3 -m venv warm && rm -r warm
list_files >/tmp/before

install_it
vouch --version
vouch-sandbox ctl touch auto >/dev/null
with_pin vouch enroll --issuer https://id.example.com/alice --subject alice
vouch issuer build --out "$VOUCH_SANDBOX_SITE" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollment.json
vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact
with_pin vouch login
use_cargo
build_with_cargo
use_pip
use_npm_helper
vouch doctor >doctor.txt || fail "doctor: $(<doctor.txt)"
upgrade_it
build_with_cargo
ask_keyring
npm-token-vouch status | grep -q 'token until' || fail "npm-token-vouch does not work after the upgrade"
vouch logout
vouch undo --all
remove_it
hash -r
! command -v vouch >/dev/null || fail "vouch is still there"
list_files >/tmp/after
diff /tmp/before /tmp/after || fail "something is left of it"
