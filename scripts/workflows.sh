#!/usr/bin/env bash
# Looks at the workflows of .github, which run on GitHub alone: whether they are well-formed, and safe.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
need_packages python3 python3-venv shellcheck
ZIZMOR_VERSION=1.32.0
ACTIONLINT_VERSION=1.7.12
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}/workflows")

need_python_tool "$tools/zizmor-$ZIZMOR_VERSION" "zizmor==$ZIZMOR_VERSION"
if [[ ! -x $tools/actionlint-$ACTIONLINT_VERSION ]]; then
  command -v go >/dev/null || need_packages golang-go
  GOBIN=$tools go install "github.com/rhysd/actionlint/cmd/actionlint@v$ACTIONLINT_VERSION" >&2
  mv "$tools/actionlint" "$tools/actionlint-$ACTIONLINT_VERSION"
fi
"$tools/actionlint-$ACTIONLINT_VERSION"
"$tools/zizmor-$ZIZMOR_VERSION/bin/zizmor" --quiet --offline --persona=pedantic .github/workflows
say "workflows: clean"
