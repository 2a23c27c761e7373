#!/usr/bin/env python3
"""Writes what other package managers take the archives by, with the hashes of the archives that are there.

usage: manifests.py DIST VERSION URL HOMEPAGE WINGET-PUBLISHER

vouch.rb is a formula for Homebrew; the manifests for winget are written where there is an archive for Windows.
"""

import hashlib
import sys
from pathlib import Path

DESCRIPTION = "AWS CodeArtifact credentials from one touch of a YubiKey"
UNHELD = "# Not for publishing: Cargo.toml names no place for the files of a release.\n"

# In Homebrew's order: system, processor, target.
BREW = {
    "macos": {"arm": "aarch64-apple-darwin", "intel": "x86_64-apple-darwin"},
    "linux": {"arm": "aarch64-unknown-linux-gnu", "intel": "x86_64-unknown-linux-gnu"},
}
PROGRAMS = ["vouch", "cargo-credential-vouch", "npm-token-vouch", "pip-keyring-vouch"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def formula(dist: Path, version: str, url: str, homepage: str) -> str:
    systems = []
    for system, processors in BREW.items():
        inside = []
        for processor, target in processors.items():
            archive = dist / f"vouch-{version}-{target}.tar.gz"
            if archive.exists():
                inside.append(
                    f"    on_{processor} do\n"
                    f'      url "{url}/{archive.name}"\n'
                    f'      sha256 "{sha256(archive)}"\n'
                    f"    end\n"
                )
        if inside:
            systems.append(f"  on_{system} do\n{''.join(inside)}  end\n\n")
    if not systems:
        sys.exit(f"error: {dist} has no archive that Homebrew could install")
    return f"""\
{"" if homepage else UNHELD}class Vouch < Formula
  desc "{DESCRIPTION}"
  homepage "{homepage or "https://vouch.invalid/"}"
  version "{version}"
  license any_of: ["MIT", "Apache-2.0"]

{"".join(systems)}  def install
    bin.install Dir["bin/*"]
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/vouch"
    zsh_completion.install "share/zsh/site-functions/_vouch"
    fish_completion.install "share/fish/vendor_completions.d/vouch.fish"
    doc.install Dir["share/doc/vouch/*"]
    (lib/"vouch").install Dir["lib/vouch/*"]
  end

  def caveats
    "Before you uninstall it: `vouch undo --all` takes back what setup wrote into your files."
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/vouch --version")
    assert_match version.to_s, shell_output("#{{bin}}/cargo-credential-vouch --version")
  end
end
"""


def winget(archive: Path, version: str, url: str, homepage: str, publisher: str) -> dict[str, str]:
    """Three files, as the schema has them. A program in an archive is portable: winget links it."""
    name = f"{publisher or 'Vouch.Invalid'}.Vouch"
    kind = "https://aka.ms/winget-manifest"
    head = "" if publisher and homepage else UNHELD

    def document(which: str, body: str) -> str:
        return (
            f"{head}# yaml-language-server: $schema={kind}.{which}.1.6.0.schema.json\n"
            f"PackageIdentifier: {name}\nPackageVersion: {version}\n{body}"
            f"ManifestType: {which}\nManifestVersion: 1.6.0\n"
        )

    root = archive.name.removesuffix(".zip")
    nested = "".join(
        f"- RelativeFilePath: {root}\\bin\\{program}.exe\n  PortableCommandAlias: {program}\n" for program in PROGRAMS
    )
    installer = (
        f"InstallerType: zip\nNestedInstallerType: portable\nNestedInstallerFiles:\n{nested}Installers:\n"
        f"- Architecture: x64\n  InstallerUrl: {url}/{archive.name}\n  InstallerSha256: {sha256(archive).upper()}\n"
    )
    locale = (
        f"PackageLocale: en-US\nPublisher: {publisher or 'Vouch.Invalid'}\nPackageName: Vouch\n"
        f"License: MIT OR Apache-2.0\nShortDescription: {DESCRIPTION}\n"
        + (f"PackageUrl: {homepage}\n" if homepage else "")
    )
    return {
        f"{name}.yaml": document("version", "DefaultLocale: en-US\n"),
        f"{name}.installer.yaml": document("installer", installer),
        f"{name}.locale.en-US.yaml": document("defaultLocale", locale),
    }


def main() -> None:
    dist, version, url, homepage, publisher = sys.argv[1:]
    dist = Path(dist)
    (dist / "vouch.rb").write_text(formula(dist, version, url, homepage), "utf-8")
    for archive in sorted(dist.glob(f"vouch-{version}-x86_64-pc-windows-*.zip")):
        for name, text in winget(archive, version, url, homepage, publisher).items():
            (dist / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
