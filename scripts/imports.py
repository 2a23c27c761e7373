#!/usr/bin/env python3
"""Keeps imports in one order: std, other crates, this crate; a blank line between these groups and none within.

    scripts/imports.py FOLDER ...          names each file that has another order; exit code 1 if there is one
    scripts/imports.py --fix FOLDER ...    puts them into it (`cargo fmt` then sorts each group)
    scripts/imports.py --self-test         proves that each kind of disorder is found and mended

The text is read as Rust writes it after `cargo fmt`. What stands between two imports, such as `mod`, divides them: each
part is put in order by itself.
"""

import re
import sys
from pathlib import Path

USE = re.compile(r"^( *)(?:pub(?:\([^)]*\))? )?use ((?:::)?\w+)")
ABOVE = re.compile(r"^ *(//(?![!/])|#\[)")
STD, OTHER, OWN = range(3)


def group(root, modules):
    if root in ("std", "core", "alloc"):
        return STD
    is_own = root in ("crate", "self", "super") or root in modules or root[0].isupper()
    return OWN if is_own else OTHER


def imports(lines, at):
    """The imports that begin at a line: where they end, and each with what stands right above it."""
    items, above, indent, end = [], [], None, at
    while at < len(lines):
        found = USE.match(lines[at])
        if found and indent in (None, found[1]):
            indent = found[1]
            while ";" not in lines[at]:
                above.append(lines[at])
                at += 1
            items.append((found[2], above + [lines[at]]))
            above, end = [], at + 1
        elif ABOVE.match(lines[at]):
            above.append(lines[at])
        elif lines[at] or above or not items:
            break
        at += 1
    return end, items


def ordered(text):
    lines = text.split("\n")
    modules = set(re.findall(r"(?m)^ *(?:pub(?:\([^)]*\))? )?mod (\w+)", text))
    out, at = [], 0
    while at < len(lines):
        end, items = imports(lines, at)
        if not items:
            out.append(lines[at])
            at += 1
            continue
        groups = ([], [], [])
        for root, item in items:
            groups[group(root.removeprefix("::"), modules)].extend(item)
        for number, found in enumerate(filter(None, groups)):
            out += ([""] if number else []) + found
        at = end
    return "\n".join(out)


def self_test():
    good = "use std::fs;\n\nuse serde::Serialize;\n\nuse super::x;\nuse crate::y;\n\nfn f() {}\n"
    assert ordered(good) == good
    for bad, wanted in [
        ("use super::x;\nuse std::fs;\n", "use std::fs;\n\nuse super::x;\n"),
        ("use std::fs;\nuse serde::Serialize;\n", "use std::fs;\n\nuse serde::Serialize;\n"),
        ("use serde::A;\n\nuse url::B;\n", "use serde::A;\nuse url::B;\n"),
        ("mod a;\n\npub use a::B;\nuse url::{\n    C,\n    D,\n};\n", "mod a;\n\nuse url::{\n    C,\n    D,\n};\n\npub use a::B;\n"),
        ("use super::x;\n// why\n#[cfg(unix)]\nuse std::fs;\nfn f() {}\n", "// why\n#[cfg(unix)]\nuse std::fs;\n\nuse super::x;\nfn f() {}\n"),
        ("mod t {\n    use super::*;\n    use std::fs;\n}\n", "mod t {\n    use std::fs;\n\n    use super::*;\n}\n"),
    ]:
        assert ordered(bad) == wanted, ordered(bad)
    for kept in ["use a::b;\n\n// of f\nfn f() {}\n", "//! page\n\nuse a::b;\n", "/// doc\n#[x]\nstruct S;\n"]:
        assert ordered(kept) == kept, ordered(kept)


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    fix = arguments[:1] == ["--fix"]
    wrong = []
    for folder in arguments[fix:]:
        for file in sorted(Path(folder).rglob("*.rs")):
            text = file.read_text()
            if (better := ordered(text)) != text:
                wrong.append(file)
                if fix:
                    file.write_text(better)
    for file in wrong:
        print(f"{file}: {'put' if fix else 'imports are not'} in order")
    return 1 if wrong and not fix else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
