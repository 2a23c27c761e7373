#!/usr/bin/env bash
# A C compiler for macOS as crates' build scripts call it: without what is meant for Apple's. For scripts/cross-check.sh.
set -euo pipefail

arguments=()
while (($#)); do
  case $1 in
    -arch | -isysroot) shift ;;
    -mmacosx-version-min=* | --target=*) ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
exec "$ZIG_PYTHON" -m ziglang cc -target aarch64-macos "${arguments[@]}"
