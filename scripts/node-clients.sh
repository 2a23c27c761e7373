# shellcheck shell=bash
# Package managers of Node, as their registry has them: sourced, not run.
# shellcheck disable=SC2154

# A client and the Node that it runs on; none for one that brings its own engine.
node_clients=(
  "npm-8 npm@8.19.4 20"
  "npm-10 npm@10.9.9 20"
  "npm-11 npm@11.21.2 20"
  "npm-12 npm@12.2.0 24"
  "pnpm-10 pnpm@10.34.9 20"
  "pnpm-11 pnpm@11.28.11 24"
  "pnpm-12 @pnpm/exe.linux-ARCH@12.21.0 24"
  "yarn-1 yarn@1.22.22 20"
  "yarn-4 @yarnpkg/cli-dist@4.18.1 20"
  "bun @oven/bun-linux-BUNARCH@1.4.5 20"
  # It reads what npm has in its files.
  "deno @deno/linux-ARCH-glibc@2.9.6 20"
)
node_engines=("node-20 node-linux-ARCH@20.20.2" "node-24 node-linux-ARCH@24.21.0")

# Installs all of them into $clients/node; NAME/bin there is for the front of a PATH. Does nothing where all are there.
need_node_clients() {
  # Elsewhere than in a distribution, npm comes with Node: its package is for machines that have none.
  command -v npm >/dev/null || need_packages nodejs npm
  command -v npm >/dev/null || die "npm is missing: install Node 18 or later, then run this again"
  local folder=$clients/node manifest
  manifest=$(node_manifest) || return
  [[ -e $folder/complete && $(<"$folder/complete") == "$manifest" ]] && return 0
  say "installing npm, pnpm, yarn, bun and Deno"
  rm -rf "$folder"
  mkdir -p "$folder"
  printf '%s\n' "$manifest" >"$folder/package.json"
  # Every program is in its package as it is: no script of a package has to run.
  (cd "$folder" && npm install --loglevel=error --ignore-scripts --no-audit --no-fund --no-package-lock) >&2 ||
    die "the package managers could not be installed"
  local client name package engine
  for client in "${node_clients[@]}"; do
    read -r name package engine <<<"$client"
    lay_out_node_client "$folder" "$name" "$engine"
  done
  printf '%s\n' "$manifest" >"$folder/complete"
}

# One folder of programs: the client, its Node, and for pnpm 10 the npm that it publishes with.
lay_out_node_client() {
  local folder=$1 name=$2 engine=$3
  local bin=$folder/$name/bin modules=../../node_modules program
  mkdir -p "$bin"
  case $name in
    npm-*) program="npm $name/bin/npm-cli.js" ;;
    pnpm-10) program="pnpm $name/bin/pnpm.cjs" ;;
    pnpm-11) program="pnpm $name/bin/pnpm.mjs" ;;
    pnpm-12) program="pnpm $name/pnpm" ;;
    yarn-*) program="yarn $name/bin/yarn.js" ;;
    bun) program="bun $name/bin/bun" ;;
    deno) program="deno $name/deno" ;;
    *) die "$name is no client of Node" ;;
  esac
  ln -s "$modules/${program#* }" "$bin/${program%% *}"
  ln -s "$modules/node-$engine/bin/node" "$bin/node"
  [[ $name != pnpm-10 ]] || ln -s "$modules/npm-10/bin/npm-cli.js" "$bin/npm"
  for program in "$bin"/*; do
    chmod +x "$(realpath -e "$program")" || die "$program is not in its package"
  done
  PATH=$(realpath "$bin"):$PATH "$(realpath "$bin")/${name%%-*}" --version >/dev/null || die "$name does not run"
}

# Every client under its own name, so that several versions of one fit into one folder.
node_manifest() {
  local arch bun_arch each name package lines=()
  case $(uname -m) in
    x86_64) arch=x64 bun_arch=x64 ;;
    aarch64) arch=arm64 bun_arch=aarch64 ;;
    *) die "there is no Node for $(uname -m) here" ;;
  esac
  for each in "${node_engines[@]}" "${node_clients[@]}"; do
    read -r name package _ <<<"$each"
    package=${package/BUNARCH/$bun_arch}
    lines+=("    \"$name\": \"npm:${package/ARCH/$arch}\"")
  done
  printf '{\n  "private": true,\n  "dependencies": {\n%s\n  }\n}' "$(IFS=$'\n' && printf '%s' "${lines[*]}" | sed '$!s/$/,/')"
}
