#!/usr/bin/env bash
# Runs in the sandbox, for package-test.sh: sets up with the archive, then publishes from a root that has no glibc in it, with uv and
# the static helper alone.
set -euo pipefail
bare=$1 dist=$2

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

with_pin() { printf '%s\n' "$VOUCH_SANDBOX_PIN" | "$@" --pin-stdin; }

# A wheel, which is an archive with a few lines in it.
make_wheel() {
  python3 - <<'PYTHON'
import zipfile

info = "bare-1.0.dist-info"
files = {
    "bare.py": "",
    f"{info}/METADATA": "Metadata-Version: 2.1\nName: bare\nVersion: 1.0\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
with zipfile.ZipFile("bare-1.0-py3-none-any.whl", "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
PYTHON
}

# With the home of outside, and nothing else of the machine.
in_bare() {
  env -i HOME="$HOME" PATH="$HOME/.local/bin:/bin" SSL_CERT_FILE="$SSL_CERT_FILE" "$(command -v chroot)" "$bare" "$@"
}

cd "$HOME"
mkdir -p .local
# The helpers of the archive for any Linux; vouch, which wants glibc, stays outside.
tar -xzf "$dist"/vouch-helpers-*-unknown-linux-musl.tar.gz --strip-components=1 -C .local
mkdir outside
tar -xzf "$dist"/vouch-[0-9]*-unknown-linux-gnu.tar.gz --strip-components=1 -C outside
cp outside/bin/vouch .local/bin/
export PATH=$HOME/.local/bin:$PATH

vouch-sandbox ctl touch auto >/dev/null
with_pin vouch enroll --issuer https://id.example.com/alice --subject alice
vouch issuer build --out "$VOUCH_SANDBOX_SITE" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollment.json
vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact
with_pin vouch login
vouch setup codeartifact --tool uv --domain my-domain --domain-owner 123456789012 --repository my-pypi-repo --region us-east-1
make_wheel

mkdir -p "$bare$HOME" "$bare/etc" "$bare/proc" "$bare$(dirname "$SSL_CERT_FILE")"
mount --bind "$(dirname "$SSL_CERT_FILE")" "$bare$(dirname "$SSL_CERT_FILE")"
mount -t proc proc "$bare/proc"
mkdir "$bare/dev"
mount --bind /dev "$bare/dev"
cp /etc/hosts "$bare/etc/hosts"
[[ -z $(find "$bare" -xdev -name '*.so*') ]] || fail "there are libraries in the root without any"
in_bare vouch --version 2>/dev/null && fail "the root is not without glibc: vouch runs in it"
in_bare cargo-credential-vouch --version
in_bare npm-token-vouch --version
url=$(sed -n 's/^publish-url *= *"\(.*\)"$/\1/p' .config/uv/uv.toml)
[[ -n $(in_bare keyring get "$url" aws) ]] || fail "the static helper gives no token"
in_bare uv publish --index my-pypi-repo --username aws "$HOME/bare-1.0-py3-none-any.whl"
vouch-sandbox ctl stats | tr -d ' \n' | grep -q '"upload":1' || fail "nothing was published: $(vouch-sandbox ctl stats)"
