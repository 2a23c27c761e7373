# shellcheck shell=bash
# Shared by the other scripts: sourced, not run. What is set here is used there.
# shellcheck disable=SC2034

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Packages of Debian and Ubuntu, by what needs them.
build_packages=(gcc libc6-dev pkg-config libpcsclite-dev)
sandbox_packages=(pcscd vsmartcard-vpcd util-linux mount iproute2 procps ca-certificates)
test_packages=(curl keyutils openssl opensc python3 python3-venv yubico-piv-tool ykcs11 yubikey-manager)
lint_packages=(shellcheck)

AWSCLI_VERSION=1.46.3
CFN_LINT_VERSION=1.58.0
YKMAN_VERSION=5.9.2
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

# The AWS CLI as its registry has it: a client that nobody here wrote.
need_awscli() {
  local venv=$clients/awscli-$AWSCLI_VERSION
  [[ -x $venv/bin/aws ]] && return 0
  say "installing awscli $AWSCLI_VERSION"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "awscli==$AWSCLI_VERSION"
}

# The linter of CloudFormation's templates.
need_cfn_lint() { need_from_pypi cfn-lint cfn-lint "$CFN_LINT_VERSION" cfn-lint; }

# The newest ykman, beside the distribution's.
need_ykman() { need_from_pypi ykman yubikey-manager "$YKMAN_VERSION" ykman; }

# NAME PACKAGE VERSION PROGRAM: a package of PyPI in a folder of its own among the clients.
need_from_pypi() {
  local venv=$clients/$1-$3
  [[ -x $venv/bin/$4 ]] && return 0
  say "installing $2 $3"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$2==$3"
}
