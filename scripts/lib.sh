# shellcheck shell=bash
# Shared by the other scripts: sourced, not run. What is set here is used there.
# shellcheck disable=SC2034

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Packages of Debian and Ubuntu, by what needs them.
build_packages=(gcc libc6-dev)
sandbox_packages=(pcscd vsmartcard-vpcd util-linux mount iproute2 procps ca-certificates)
# The PC/SC headers are for the newest ykman, whose smart card library comes as source.
test_packages=(bundler curl dash fish groff keyutils libpcsclite-dev openssh-client openssh-server openssl opensc python3 python3-dev python3-venv strace ykcs11 yubico-piv-tool yubikey-manager zsh)
# Maven's plugins come from these, by way of /usr/share/maven-repo: nothing is fetched from Maven Central.
jvm_packages=(default-jdk-headless gradle maven libmaven-compiler-plugin-java libmaven-deploy-plugin-java
  libmaven-install-plugin-java libmaven-jar-plugin-java libmaven-resources-plugin-java libsurefire-java)
web_rust_packages=(gcc libc6-dev python3 python3-venv cargo-web rustc-web rust-web-src rust-web-clippy)
package_packages=(binutils dpkg-dev git gzip lintian man-db python3 python3-venv)
roots_packages=(busybox-static debian-archive-keyring mmdebstrap pcscd python3-venv util-linux vsmartcard-vpcd)
lint_packages=(python3 shellcheck)

clients=${CARGO_TARGET_DIR:-target}/clients

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# Installs those of the named packages that are missing.
need_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null || {
    say "note: this is no Debian or Ubuntu; needed here: $*"
    return 0
  }
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || die "run as root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

need_rust() {
  command -v cargo >/dev/null || die "cargo is missing: install Rust 1.95 or later (https://rustup.rs), then run this again"
}
