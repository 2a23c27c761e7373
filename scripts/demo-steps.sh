#!/usr/bin/env bash
# Runs inside the sandbox, in a private home with a YubiKey whose PIN is in VOUCH_SANDBOX_PIN.
set -euo pipefail

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1;36m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }

# Shows a command, then runs it.
run() {
  printf '%s$%s %s\n' "$bold" "$plain" "$*"
  "$@"
}

# The same for a command that asks for the PIN: a person types it, the demo pipes it in.
run_with_pin() {
  printf '%s$%s %s\n' "$bold" "$plain" "$*"
  printf '%s\n' "$VOUCH_SANDBOX_PIN" | "$@" --pin-stdin
}

counter() { vouch-sandbox ctl stats | tr -d ' \n' | grep -oE "$1" | head -n 1 | grep -oE '[0-9]+$'; }

expect() {
  local what=$1 wanted=$2 found=$3
  printf '%-52s %s\n' "$what" "$found"
  [[ $found == "$wanted" ]] || {
    printf 'error: expected %s\n' "$wanted" >&2
    exit 1
  }
}

cd "$HOME"
vouch-sandbox ctl touch 700 >/dev/null # the simulated person touches the key 0.7 s after it starts to blink

heading 'Once: a key on the YubiKey, and the two files that AWS trusts'
run_with_pin vouch enroll --issuer https://id.example.com/alice --subject alice
note "the web host of id.example.com serves the folder $VOUCH_SANDBOX_SITE"
run vouch issuer build --out "$VOUCH_SANDBOX_SITE" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollment.json
run vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact
touches_to_enroll=$(counter '"touches":[0-9]+')

heading 'Every morning'
run_with_pin vouch login
touches_to_log_in=$(($(counter '"touches":[0-9]+') - touches_to_enroll))

heading 'Once for each repository'
run vouch setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 \
  --repository my-repo --region us-east-1

heading 'All day: cargo'
run cargo new --quiet --lib --vcs none greeting
printf 'pub fn greet() -> &%sstatic str {\n    "hello from a private crate"\n}\n' "'" >greeting/src/lib.rs
run cargo publish --manifest-path greeting/Cargo.toml --registry my-repo
run cargo new --quiet --vcs none hello
printf 'fn main() {\n    println!("{}", greeting::greet());\n}\n' >hello/src/main.rs
run cargo add --quiet --manifest-path hello/Cargo.toml --registry my-repo greeting
run cargo build --manifest-path hello/Cargo.toml
run hello/target/debug/hello
run vouch status

heading 'In the evening'
run vouch logout
note 'a build that needs the registry again'
rm -rf .cargo/registry hello/target
if run cargo build --manifest-path hello/Cargo.toml 2>&1 | tee refused.txt; then
  printf 'error: the build must not succeed\n' >&2
  exit 1
fi
grep -q 'vouch login' refused.txt

heading 'What it took'
expect 'touches to enroll' 1 "$touches_to_enroll"
expect 'touches to log in' 1 "$touches_to_log_in"
expect 'calls of STS AssumeRoleWithWebIdentity' 1 "$(counter '"assume_role_with_web_identity":[0-9]+')"
# One that proves the setup and is kept nowhere, and one for all that cargo did.
expect 'calls of CodeArtifact GetAuthorizationToken' 2 "$(counter '"get_authorization_token":[0-9]+')"
run vouch-sandbox ctl stats
