# shellcheck shell=bash
# The bill of materials of each program: sourced by package.sh.
# shellcheck disable=SC2034,SC2154

CYCLONEDX_VERSION=0.5.9

# make_sboms FOLDER ARCH
make_sboms() {
  local folder=$1 arch=$2 package file
  local target=$arch-unknown-linux-gnu
  # One beside each manifest of the workspace.
  (cd "$folder/source/vouch-cli" && PATH=$work/tools/bin:$PATH cargo cyclonedx --quiet --format json --spec-version 1.5 \
    --target "$target" --override-filename package.cdx >&2) || die "no bill of materials"
  for package in vouch-cli "${helpers[@]}"; do
    file=$folder/dist/${package%-cli}-$version-$arch-unknown-linux.cdx.json
    (cd "$folder/source" && python3 scripts/package/dependencies.py sbom "$target" "$package/package.cdx.json") >"$file" || exit
  done
  find "$folder/source" -name package.cdx.json -delete
}
