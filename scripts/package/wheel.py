#!/usr/bin/env python3
"""Lays out the wheel of pip-keyring-vouch for `wheel pack`: what is Python out of the source distribution, and a built program.

usage: wheel.py SDIST PROGRAM PLATFORMS FOLDER LICENSE…

PLATFORMS are the tags of those that the program runs on, with dots between. Prints the folder to pack.
"""

import os
import shutil
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path


def unpacked(sdist: Path, folder: str) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (root,) = Path(folder).iterdir()
    return root


def metadata(source: Path, licenses: list[Path]) -> str:
    """As the build backend has written it; texts of licenses are for what is compiled in."""
    head, blank, text = (source / "PKG-INFO").read_text("utf-8").partition("\n\n")
    named = "".join(f"\nLicense-File: {file.name}" for file in licenses)
    return head + named + blank + text


def entry_points(project: dict) -> str:
    groups = project["project"]["entry-points"].items()
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items()) for group, points in groups
    )


def tags(platforms: str) -> str:
    return "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))


def lay_out(source: Path, program: Path, platforms: str, folder: Path, licenses: list[Path]) -> Path:
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    settings = project["tool"]["maturin"]
    base = source.name
    root = folder / base
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(source / settings["python-source"] / settings["module-name"], root / settings["module-name"])
    info, scripts = root / f"{base}.dist-info", root / f"{base}.data" / "scripts"
    (info / "licenses").mkdir(parents=True)
    scripts.mkdir(parents=True)
    shutil.copyfile(program, scripts / program.name)
    (scripts / program.name).chmod(0o755)
    for file in licenses:
        shutil.copyfile(file, info / "licenses" / file.name)
    (info / "METADATA").write_text(metadata(source, licenses), "utf-8")
    (info / "entry_points.txt").write_text(entry_points(project), "utf-8")
    (info / "WHEEL").write_text(
        f"Wheel-Version: 1.0\nGenerator: vouch\nRoot-Is-Purelib: false\n{tags(platforms)}", "utf-8"
    )
    for path in root.rglob("*"):
        os.utime(path, (int(os.environ["SOURCE_DATE_EPOCH"]),) * 2)
    return root


def main() -> None:
    sdist, program, platforms, folder, *licenses = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        source = unpacked(Path(sdist), temporary)
        print(lay_out(source, Path(program), platforms, Path(folder), [Path(file) for file in licenses]))


if __name__ == "__main__":
    main()
