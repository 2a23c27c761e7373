# shellcheck shell=bash
# The package that npm reads its files with, as its registry has it: sourced after lib.sh, not run.
# shellcheck disable=SC2154

NPM_INI_VERSION=6.0.0

need_npm_ini() {
  local folder=$clients/npm-ini
  [[ -e $folder/node_modules/ini/package.json ]] && return 0
  command -v npm >/dev/null || need_packages nodejs npm
  say "installing ini $NPM_INI_VERSION"
  rm -rf "$folder"
  mkdir -p "$folder"
  (cd "$folder" && npm install --loglevel=error --ignore-scripts --no-audit --no-fund --no-save "ini@$NPM_INI_VERSION") >&2 ||
    die "the judge of .npmrc files could not be installed"
}
