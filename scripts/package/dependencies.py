#!/usr/bin/env python3
"""What is compiled into the programs: its licenses, and the bill of materials. Runs in the workspace.

usage: dependencies.py licenses TARGET [NAME=FILE…]   prints the licenses and their texts, and those of others
       dependencies.py sbom TARGET FILE               prints a CycloneDX document with what `cargo tree` lists, and nothing else
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


def tree(target: str, package: str, edges: str) -> set[tuple[str, str]]:
    listed = cargo("tree", "--package", package, "--target", target, "--edges", edges, "--prefix", "none")
    lines = (line.split() for line in listed.splitlines() if line)
    return {(name, version.removeprefix("v")) for name, version, *_ in lines}


def licenses(target: str, others: list[str]) -> None:
    # Macros and build scripts run and are gone.
    compiled = set().union(*(tree(target, package, "normal,no-proc-macro") for package in PROGRAMS))
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


def sbom(target: str, file: str) -> None:
    text = Path(file).read_text("utf-8").replace(f"path+file://{Path.cwd()}/", "path+file:///vouch/")
    document = json.loads(text)
    package = document["metadata"]["component"]["name"]
    # It was made with the features that the whole workspace asks for, tests among them.
    parts = tree(target, package, "normal,build")
    surplus = {part["bom-ref"] for part in document["components"] if (part["name"], part["version"]) not in parts}
    document["components"] = [part for part in document["components"] if part["bom-ref"] not in surplus]
    document["dependencies"] = [
        each | {"dependsOn": [ref for ref in each.get("dependsOn", []) if ref not in surplus]}
        for each in document["dependencies"]
        if each["ref"] not in surplus
    ]
    # The program itself is what the document is about, and no part of it.
    listed = {(part["name"], part["version"]) for part in document["components"]}
    if differing := listed ^ {part for part in parts if part[0] != package}:
        sys.exit(f"error: {file} and `cargo tree` differ in {', '.join(sorted(map(' '.join, differing)))}")
    if str(Path.cwd()) in (text := json.dumps(document, indent=2, ensure_ascii=False)):
        sys.exit(f"error: {file} names a folder of this machine")
    print(text)


def main() -> None:
    match sys.argv[1:]:
        case ["licenses", target, *others]:
            licenses(target, others)
        case ["sbom", target, file]:
            sbom(target, file)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
