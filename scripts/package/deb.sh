# shellcheck shell=bash
# Debian packages: sourced by package.sh. The tool is dpkg-deb, which every Debian has and which packs the same bytes from the same
# files; what cargo-deb would add to it is a build of its own, and the programs are there already.
# shellcheck disable=SC2154

deb_arch() {
  case $1 in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
  esac
}

# make_debs FOLDER ARCH
make_debs() {
  local folder=$1 arch=$2 root page
  local stage=$folder/stage source=$folder/source programs=$folder/programs/$arch-unknown-linux-gnu

  # Dynamic, unlike those of the archives: a static one asks DNS and /etc/hosts alone, and a system may know hosts otherwise.
  root=$stage/deb-$arch/vouch-helpers
  put_programs "$root/usr/bin" "${helpers[@]/#/$programs/}"
  for page in "${helpers[@]}"; do put "$root/usr/share/man/man1" "$stage/man/$page.1"; done
  put "$root/usr/lib/vouch" "$folder"/dist/pip_keyring_vouch-*"$arch"*.whl
  make_deb "$folder" "$arch" vouch-helpers '' <<'DESCRIPTION'
Description: short-lived AWS CodeArtifact tokens for package managers
 cargo-credential-vouch, pip-keyring-vouch and npm-token-vouch answer package
 managers with AWS CodeArtifact tokens of a session that vouch has started.
 .
 The wheel of pip-keyring-vouch, for clients that import the Python package
 keyring, is in /usr/lib/vouch.
DESCRIPTION

  root=$stage/deb-$arch/vouch
  put_programs "$root/usr/bin" "$programs/vouch"
  put "$root/usr/share/man/man1" "$stage"/man/vouch*.1
  put_completions "$stage" "$root/usr/share" vendor-completions
  put "$root/usr/share/doc/vouch" "$source"/README.md
  put "$root/usr/share/doc/vouch/docs" "$source"/docs/*.md
  make_deb "$folder" "$arch" vouch "vouch-helpers (= $version)" <<'DESCRIPTION'
Description: AWS CodeArtifact credentials from one touch of a YubiKey
 One PIN and one touch in the morning start a session; for the rest of the day
 cargo, pip, uv, npm, pnpm, Maven and others reach AWS CodeArtifact with
 short-lived tokens that nobody types, copies or refreshes.
 .
 There is no server and no daemon: the YubiKey signs the OpenID Connect token
 that AWS accepts, and nothing readable is kept on disk.
DESCRIPTION
}

# make_deb FOLDER ARCH PACKAGE DEPENDS, with the description on stdin
make_deb() {
  local folder=$1 arch=$2 package=$3 depends=$4
  local root=$folder/stage/deb-$arch/$package doc
  doc=$root/usr/share/doc/$package
  put "$doc" "$folder/stage/THIRD-PARTY.txt"
  copyright "$folder/source" >"$doc/copyright"
  changelog "$package" | gzip -9n >"$doc/changelog.gz"
  gzip -9n "$doc/THIRD-PARTY.txt" "$root"/usr/share/man/man1/*.1

  mkdir -p "$root/DEBIAN"
  {
    echo "Package: $package"
    echo "Version: $version"
    echo "Architecture: $(deb_arch "$arch")"
    echo "Maintainer: $maintainer"
    echo "Installed-Size: $(installed_size "$root")"
    echo "Depends: ${depends:+$depends, }libc6 (>= $glibc)"
    [[ $package != vouch ]] || echo "Recommends: pcscd"
    echo "Section: utils"
    echo "Priority: optional"
    [[ -z $homepage ]] || echo "Homepage: $homepage"
    cat
  } >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$root" "$folder/dist/${package}_${version}_$(deb_arch "$arch").deb" >&2
}

# In KiB, each file rounded up, as dpkg-gencontrol does: what a file system makes of it differs between machines.
installed_size() {
  find "$1/usr" -type f -printf '%s\n' -o -type d -printf '1\n' | awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }'
}

copyright() {
  cat <<COPYRIGHT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Vouch
Comment: What comes from others and is compiled in is listed, with its licenses,
 in THIRD-PARTY.txt.gz beside this file.

Files: *
Copyright: $(sed -n 's/^Copyright (c) *//p' "$1/LICENSE-MIT")
License: Expat or Apache-2.0

License: Expat
$(sed -n '/^Permission is/,$p' "$1/LICENSE-MIT" | sed 's/^$/./; s/^/ /')

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
COPYRIGHT
}

changelog() {
  cat <<CHANGELOG
$1 ($version) unstable; urgency=medium

  * Version $version; CHANGELOG.md of the source says what is new.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
}

# Nothing that lintian finds; an override would need a reason.
check_debs() {
  local arch
  for arch in "${archs[@]}"; do
    lintian --fail-on error,warning "$1"/*_"$(deb_arch "$arch")".deb >&2 || die "lintian found faults"
  done
}
