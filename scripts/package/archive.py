#!/usr/bin/env python3
"""Packs a folder into an archive, OUTPUT ending in .tar.gz or .zip, the same bytes from the same files.

usage: archive.py FOLDER OUTPUT
"""

import gzip
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


def entries(folder: Path) -> list[Path]:
    return [folder, *sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts)]


def mode(path: Path) -> int:
    """Of a checkout and its umask only one bit counts."""
    return 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644


def tar(folder: Path, output: Path) -> None:
    with output.open("wb") as file, gzip.GzipFile("", "wb", 9, file, EPOCH) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path in entries(folder):
                member = archive.gettarinfo(path, str(path.relative_to(folder.parent)))
                if not (member.isfile() or member.isdir()):
                    sys.exit(f"error: {path} is neither a file nor a folder")
                member.mtime, member.mode = EPOCH, mode(path)
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                # A second name of a file is a file of its own here.
                if path.is_file():
                    member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
                    with path.open("rb") as content:
                        archive.addfile(member, content)
                else:
                    archive.addfile(member)


def zip_(folder: Path, output: Path) -> None:
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in filter(Path.is_file, entries(folder)):
            member = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), time.gmtime(EPOCH)[:6])
            member.external_attr = (0o100000 | mode(path)) << 16
            member.create_system = 3
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)


def main() -> None:
    folder, output = map(Path, sys.argv[1:])
    (zip_ if output.suffix == ".zip" else tar)(folder, output)


if __name__ == "__main__":
    main()
