#!/usr/bin/env bash
# What is made of the packages of all systems together: npm packages with the hashes of all programs, formula, manifests, checksums.
# DIST is where they are. For the release workflow; `make package` does the same with those of Linux.
. "$(dirname "$0")/lib.sh"
. scripts/package/facts.sh
. scripts/package/join.sh
(($# == 1)) || die "usage: scripts/package-join.sh DIST"
command -v npm >/dev/null || die "npm is missing"
need_names
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct HEAD)
export SOURCE_DATE_EPOCH
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
join_release "$PWD" "$stage" "$1"
