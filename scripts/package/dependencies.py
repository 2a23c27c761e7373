#!/usr/bin/env python3
"""What is compiled into the programs: its licenses, and whether a bill of materials lists it.

usage: dependencies.py licenses TARGET [NAME=FILE…]   prints the licenses and their texts, and those of others
       dependencies.py compare TARGET SBOM            refuses a CycloneDX file that lists something else than `cargo tree`
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = ["vouch-cli", "cargo-credential-vouch", "npm-token-vouch", "pip-keyring-vouch"]
TEXTS = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def cargo(*arguments: str) -> str:
    command = [os.environ.get("CARGO", "cargo"), *arguments, "--locked"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(target: str, package: str) -> set[tuple[str, str]]:
    """What is linked into a program. Macros and build scripts run and are gone."""
    listed = cargo("tree", "--package", package, "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none")
    lines = (line.split() for line in listed.splitlines() if line)
    return {(name, version.removeprefix("v")) for name, version, *_ in lines}


def licenses(target: str, others: list[str]) -> None:
    compiled = set().union(*(tree(target, package) for package in PROGRAMS))
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))
    ours = set(metadata["workspace_members"])
    packages = [
        package
        for package in metadata["packages"]
        if (package["name"], package["version"]) in compiled
        # A crate of this repository that brings a license came from somebody else.
        and (package["id"] not in ours or texts_of(Path(package["manifest_path"]).parent))
    ]
    packages.sort(key=lambda package: (package["name"], package["version"]))
    if not packages:
        sys.exit("error: nothing is compiled in")
    texts: dict[str, list[str]] = {}
    print("What Vouch's programs have in them, each under the license that its authors chose.\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not package["license"]:
            sys.exit(f"error: {name} names no license")
        print(f"{name}: {package['license']}{authors(package)}")
        for text in texts_of(Path(package["manifest_path"]).parent):
            texts.setdefault(text, []).append(name)
    print("The standard library of Rust, by the Rust project's developers: MIT OR Apache-2.0")
    for other in others:
        name, _, file = other.partition("=")
        texts.setdefault(Path(file).read_text("utf-8").strip(), []).append(name)
    for text, names in texts.items():
        print(f"\n{'=' * 100}\n{', '.join(names)}\n{'=' * 100}\n\n{text}")


def authors(package: dict) -> str:
    """Where a package brings no text, what it says of its authors is all there is."""
    if texts_of(Path(package["manifest_path"]).parent) or not package["authors"]:
        return ""
    return " (" + ", ".join(re.sub(r"\s*<[^>]*>", "", author) for author in package["authors"]) + ")"


def texts_of(folder: Path) -> list[str]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and TEXTS.match(path.name))
    return [text for path in files if (text := path.read_text("utf-8", "replace").replace("\r\n", "\n").strip())]


def compare(target: str, file: str) -> None:
    sbom = json.loads(Path(file).read_text())
    package = sbom["metadata"]["component"]["name"]
    listed = {(each["name"], each["version"]) for each in sbom["components"]}
    # The program itself is what the file is about, and no part of it.
    expected = {each for each in tree(target, package) if each[0] != package}
    missing, surplus = expected - listed, listed - everything(target, package)
    for what, names in (("does not list", missing), ("lists, and Cargo does not,", surplus)):
        if names:
            sys.exit(f"error: {file} {what} {', '.join(sorted(' '.join(name) for name in names))}")
    print(f"{package}: {len(listed)} parts, {len(expected)} of them in the program", file=sys.stderr)


def everything(target: str, package: str) -> set[tuple[str, str]]:
    """With what only runs while it is built."""
    listed = cargo("tree", "--package", package, "--target", target, "--edges", "normal,build", "--prefix", "none")
    lines = (line.split() for line in listed.splitlines() if line)
    return {(name, version.removeprefix("v")) for name, version, *_ in lines}


def main() -> None:
    match sys.argv[1:]:
        case ["licenses", target, *others]:
            licenses(target, others)
        case ["compare", target, file]:
            compare(target, file)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
