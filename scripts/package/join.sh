# shellcheck shell=bash
# What is made of the archives of all systems together: npm packages, formula, manifests, checksums. Sourced, not run.
# shellcheck disable=SC2154

# Node's name of a system.
node_system() {
  case $1 in
    x86_64-unknown-linux-gnu) echo linux-x64 ;;
    aarch64-unknown-linux-gnu) echo linux-arm64 ;;
    x86_64-apple-darwin) echo darwin-x64 ;;
    aarch64-apple-darwin) echo darwin-arm64 ;;
    x86_64-pc-windows-*) echo win32-x64 ;;
    *) die "Node has no name for $1" ;;
  esac
}

# join_release SOURCE STAGE DIST
join_release() {
  local source=$1 stage=$2 dist=$3 archive target root laid programs=()
  for archive in "$dist"/vouch-"$version"-*.{tar.gz,zip}; do
    [[ -e $archive ]] || continue
    case $archive in
      *.zip) python3 -m zipfile --extract "$archive" "$stage" ;;
      *) tar -xzf "$archive" -C "$stage" ;;
    esac
    root=$(basename "${archive%.zip}" .tar.gz)
    target=${root#"vouch-$version-"}
    for laid in "$stage/$root"/bin/npm-token-vouch{,.exe}; do
      [[ ! -e $laid ]] || programs+=("$(node_system "$target")=$laid")
    done
    root=$stage/$root
  done
  ((${#programs[@]})) || die "$dist has no archives"

  # In it are the hashes of the programs, so it is made when all of them are there.
  python3 "$source/scripts/package/npm.py" "$source" "$stage/npm" "$version" "$npm_scope" \
    "$root/share/doc/vouch/THIRD-PARTY.txt" "${programs[@]}" >"$stage/npm.txt"
  while read -r laid; do
    (cd "$dist" && npm pack --silent --ignore-scripts "$laid" >/dev/null) || die "npm packs nothing"
  done <"$stage/npm.txt"
  python3 "$source/scripts/package/manifests.py" "$dist" "$version" "$release_url" "$homepage" "$winget_publisher"
  rm -f "$dist/SHA256SUMS"
  (cd "$dist" && sha256sum -- * >"$stage/SHA256SUMS")
  mv "$stage/SHA256SUMS" "$dist"
}
