#!/usr/bin/env bash
# Runs inside the sandbox: enrolls, logs in, sets cargo, pip, npm and the AWS CLI up, then runs each argument as a command.
set -euo pipefail
cd "$HOME"
{
  printf '%s\n' "$VOUCH_SANDBOX_PIN" |
    vouch enroll --issuer https://id.example.com/alice --subject alice --pin-stdin
  vouch issuer build --out "$VOUCH_SANDBOX_SITE" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" enrollment.json
  vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact
  printf '%s\n' "$VOUCH_SANDBOX_PIN" | vouch login --pin-stdin
  vouch setup codeartifact --tool cargo --repository my-repo \
    --domain my-domain --domain-owner 123456789012 --region us-east-1
  vouch setup codeartifact --tool pip --repository my-repo
  vouch setup codeartifact --tool npm --repository my-repo
  mkdir -p .aws
  printf '[profile vouch]\nregion = us-east-1\ncredential_process = vouch credential aws\n' >.aws/config
} >setup.log 2>&1 || {
  cat setup.log >&2
  exit 1
}
for command in "$@"; do
  read -ra words <<<"$command"
  "${words[@]}"
done
