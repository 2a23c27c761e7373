#!/usr/bin/env bash
# The wheel of the keyring backend, tested with the oldest and the newest keyring and every Python that is here.
. "$(dirname "$0")/lib.sh"
. scripts/clients.sh
. scripts/wheel.sh
need_rust
need_packages "${build_packages[@]}" python3 python3-venv
need_python_clients

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_wheel

try() {
  local python=$1 keyring=$2 venv=$work/venv
  rm -rf "$venv"
  "$python" -m venv "$venv" || return 1
  "$venv/bin/pip" install --quiet --disable-pip-version-check "keyring$keyring" "$wheels"/pip_keyring_vouch-*.whl
  say "$("$venv/bin/python" --version), $("$venv/bin/pip" list --disable-pip-version-check 2>/dev/null | grep '^keyring ')"
  env -i HOME="$work" PATH="$venv/bin:/usr/bin:/bin" \
    "$venv/bin/python" -W error::ResourceWarning pip-keyring-vouch/python/tests/test_backend.py
}

# What the oldest Python would not read is found even where only newer ones are.
python3 - <<'EOF'
import ast
text = open("pip-keyring-vouch/python/keyring_vouch/__init__.py").read()
ast.parse(text, feature_version=(3, 9))
EOF

for keyring in '==23.0.1' '==24.3.1' '==25.4.0' '<26'; do
  try python3 "$keyring"
done
# On PATH, or where pyenv keeps them.
for version in 3.9 3.10 3.11 3.12 3.13; do
  for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3; do
    "$python" -c 'import venv' 2>/dev/null || continue
    try "$python" '<26'
    break
  done
done
say "backend: passed"
