#!/usr/bin/env bash
# Runs inside the sandbox with three YubiKeys: two people, one spare key, then one of the people leaves.
set -euo pipefail

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1;36m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# PERSON COMMAND…: shows a command of a person, then runs it with that person's home directory.
as() {
  local who=$1
  shift
  printf '%s%s$%s %s\n' "$bold" "$who" "$plain" "$*"
  mkdir -p "$shared/$who"
  HOME=$shared/$who "$@"
}

# The same for a command that asks for the PIN: a person types it, the demo pipes it in.
as_with_pin() {
  local who=$1
  shift
  printf '%s%s$%s %s\n' "$bold" "$who" "$plain" "$*"
  mkdir -p "$shared/$who"
  printf '%s\n' "$VOUCH_SANDBOX_PIN" | HOME=$shared/$who "$@" --pin-stdin
}

# A new session, and an exchange with it.
exchange() {
  local who=$1 serial=$2
  as_with_pin "$who" vouch login --serial "$serial"
  as "$who" vouch credential codeartifact --domain my-domain --domain-owner 123456789012 --region us-east-1 >"$shared/$who.token"
  [[ -s $shared/$who.token ]] || die "$who got no token"
  rm "$shared/$who.token"
  printf '%-52s %s\n' "a token for $who with YubiKey $serial" yes
}

# What the pipeline of the repository with the enrollments does.
pipeline() {
  rm -rf "${VOUCH_SANDBOX_SITE:?}"/*
  as admin vouch issuer build --out "$VOUCH_SANDBOX_SITE" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollments/*.json
  as admin vouch issuer check --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollments/*.json
}

shared=$HOME
cd "$shared"
mkdir enrollments
trap 'for who in alice bob; do HOME=$shared/$who vouch logout >/dev/null 2>&1 || true; done' EXIT

heading 'Two people join; one has a spare key'
as_with_pin alice vouch enroll --issuer https://id.example.com/alice --subject alice \
  --serial 12345678 --out enrollments/alice.json
as_with_pin alice vouch enroll --issuer https://id.example.com/alice --subject alice \
  --serial 12345679 --out enrollments/alice-spare.json
as_with_pin bob vouch enroll --issuer https://id.example.com/bob --subject bob \
  --serial 12345680 --out enrollments/bob.json
pipeline
note 'what the administrator applies in AWS, once for each joiner'
as admin vouch issuer iam --format cloudformation --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" \
  enrollments/*.json >iam.json
note "$(wc -l <iam.json) lines of CloudFormation; the sandbox has the providers and the role"
for who in alice bob; do
  as "$who" vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact
done

heading 'Every key works'
exchange alice 12345678
exchange alice 12345679
exchange bob 12345680

heading 'Bob leaves'
as admin vouch issuer revoke bob --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" --account 123456789012 \
  --role CodeArtifact --shared
note 'here: the pull request that takes his enrollment out'
rm enrollments/bob.json
pipeline

as_with_pin bob vouch login
note 'his next exchange'
if as bob vouch credential codeartifact --domain my-domain --domain-owner 123456789012 --region us-east-1 2>refused.txt; then
  die 'bob must not get a token'
fi
cat refused.txt
grep -q InvalidIdentityToken refused.txt || die 'AWS itself must have refused'
printf '%-52s %s\n' 'a token for bob' no
exchange alice 12345678
