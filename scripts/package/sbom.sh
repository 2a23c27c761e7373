# shellcheck shell=bash
# The bill of materials of each program: sourced by package.sh.
# shellcheck disable=SC2034,SC2154

CYCLONEDX_VERSION=0.5.9

# make_sboms FOLDER ARCH
make_sboms() {
  local folder=$1 target=$2-unknown-linux-gnu package file
  for package in vouch-cli "${helpers[@]}"; do
    # It writes beside each manifest of the workspace, and Cargo's metadata says of no package alone what it needs.
    file=${package%-cli}-$version-$2-linux.cdx
    (
      cd "$folder/source/$package" || exit
      PATH=$work/tools/bin:$PATH cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --override-filename "$file"
    ) || die "no bill of materials of $package"
    find "$folder/source" -name "$file.json" ! -path "*/$package/*" -delete
    python3 "$folder/source/scripts/package/dependencies.py" sbom "$folder/source/$package/$file.json" >"$folder/dist/$file.json"
    (cd "$folder/source" && python3 scripts/package/dependencies.py compare "$target" "$folder/dist/$file.json") || exit
    rm "$folder/source/$package/$file.json"
  done
}
