# shellcheck shell=bash
# What Cargo.toml says of a release: sourced after lib.sh, not run.
# shellcheck disable=SC2034

fact() {
  cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["metadata"]["release"][sys.argv[1]])' "$1"
}

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[[ -n $version ]] || die "Cargo.toml names no version"
npm_scope=$(fact npm-scope)
homepage=$(fact homepage)
maintainer=$(fact maintainer)
release_url=$(fact url)
winget_publisher=$(fact winget-publisher)

# Nothing is published under a name that nobody holds.
need_names() {
  local name
  for name in npm-scope homepage maintainer url winget-publisher; do
    [[ -n $(fact "$name") ]] ||
      die "nothing can be published: \`$name\` in [workspace.metadata.release] of Cargo.toml is empty, and must name what the project holds"
  done
}
# Nobody can hold these.
: "${maintainer:=Vouch maintainers <maintainers@vouch.invalid>}"
: "${release_url:=https://vouch.invalid/@VERSION@}"
release_url=${release_url//@VERSION@/$version}
