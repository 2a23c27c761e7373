#!/usr/bin/env python3
"""Lays out the npm packages of npm-token-vouch for `npm pack`: one for each system, and one that starts theirs.

usage: npm.py SOURCE FOLDER VERSION SCOPE LICENSES SYSTEM=PROGRAM…

SYSTEM is Node's platform and architecture, such as linux-x64, and LICENSES is a file with those of what is compiled in. An
empty SCOPE makes packages that npm refuses to publish.
Prints the folders.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

NAME = "npm-token-vouch"
# Nobody can hold it.
NO_SCOPE = "@vouch.invalid"


def write(folder: Path, package: dict) -> None:
    (folder / "package.json").write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(folder)


def common(source: Path, folder: Path, name: str, description: str, version: str, scope: str) -> dict:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("LICENSE-APACHE", "LICENSE-MIT"):
        shutil.copyfile(source / file, folder / file)
    package = {"name": name, "version": version, "description": description, "license": "MIT OR Apache-2.0"}
    return package if scope else package | {"private": True}


def for_system(
    source: Path, folder: Path, version: str, scope: str, licenses: Path, system: str, program: Path
) -> dict:
    """Returns what the package that starts it must know."""
    platform, processor = system.split("-")
    name = f"{scope or NO_SCOPE}/{NAME}-{system}"
    file = f"bin/{NAME}" + (".exe" if platform == "win32" else "")
    package = common(source, folder, name, f"The program of {NAME} for {system}", version, scope)
    (folder / "bin").mkdir()
    shutil.copyfile(program, folder / file)
    (folder / file).chmod(0o755)
    shutil.copyfile(licenses, folder / licenses.name)
    # Out of an archive, as yarn keeps packages, no program can be started.
    write(folder, package | {"os": [platform], "cpu": [processor], "preferUnplugged": True})
    return {"package": name, "file": file, "sha256": hashlib.sha256(program.read_bytes()).hexdigest()}


def starter(source: Path, folder: Path, version: str, scope: str, programs: dict) -> None:
    name = f"{scope or NO_SCOPE}/{NAME}"
    package = common(source, folder, name, "AWS CodeArtifact tokens from Vouch for npm, pnpm, yarn and bun", version, scope)
    for file in ("launcher.js", "README.md"):
        shutil.copyfile(source / NAME / "npm" / file, folder / file)
    (folder / "launcher.js").chmod(0o755)
    (folder / "programs.json").write_text(json.dumps(programs, indent=2) + "\n")
    write(
        folder,
        package
        | {
            "bin": {NAME: "launcher.js"},
            "engines": {"node": ">=18"},
            "optionalDependencies": {program["package"]: version for program in programs.values()},
        },
    )


def main() -> None:
    source, folder, version, scope, licenses, *built = sys.argv[1:]
    source, folder, licenses = Path(source), Path(folder), Path(licenses)
    programs = {}
    for each in sorted(built):
        system, _, program = each.partition("=")
        programs[system] = for_system(source, folder / f"{NAME}-{system}", version, scope, licenses, system, Path(program))
    starter(source, folder / NAME, version, scope, programs)


if __name__ == "__main__":
    main()
