#!/usr/bin/env python3
"""Finds files of a crate that need each other, directly or through others.

    scripts/circles.py CRATE/src ...    prints each circle with its arrows; exit code 1 if there is one
    scripts/circles.py --self-test      proves that a planted circle is found, and that a clean crate passes

An arrow goes from the file that names an item to the file that defines it; re-exports are followed, and a `pub use` by
itself is none. Code for tests does not count. The text is read as Rust writes it after `cargo fmt`.
"""

import re
import sys
import tempfile
from pathlib import Path

USE = re.compile(r"^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.M)
PATH = re.compile(r"(?<![\w:$])(?:[a-z_]\w*::)+\w+")


def modules(src):
    """The text of each module of a crate, by its path; what only tests use is left out."""
    files = {}
    for file in sorted(src.rglob("*.rs")):
        text = file.read_text()
        name = file.relative_to(src).with_suffix("").parts
        name = name[:-1] if name[-1] in ("mod", "lib", "main") else name
        files[name] = code(text)
    for_tests = set()
    for name, text in files.items():
        for declared in re.findall(r"#\[cfg\(.*\btest\b.*\)\]\s*(?:#\[.*\]\s*)*(?:pub(?:\(\w+\))? )?mod (\w+);", text):
            for_tests.add(name + (declared,))
    def only_for_tests(name):
        return name[-1:] and name[-1].endswith("_tests") or any(name[: len(gone)] == gone for gone in for_tests)

    return {name: body(text) for name, text in files.items() if not only_for_tests(name)}


def code(text):
    """Without comments and the contents of strings."""
    text = re.sub(r"(?m)//.*$", "", text)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def body(text):
    """Without modules of tests that stand in the file."""
    inline = re.search(r"(?m)^#\[cfg\(.*\btest\b.*\)\]\n(?:#\[.*\]\n)*(?:pub(?:\(\w+\))? )?mod \w+ \{", text)
    return text[: inline.start()] if inline else text


def branches(tree):
    """The paths of a `use` tree, each as (path, local name)."""
    tree = tree.strip()
    if "{" not in tree:
        path, _, alias = tree.partition(" as ")
        parts = tuple(part.strip() for part in path.split("::"))
        if parts[-1] == "self":
            parts = parts[:-1]
        return [(parts, alias.strip() or parts[-1])]
    before, inner = tree.split("{", 1)
    inner = inner[: inner.rindex("}")]
    items, depth, start = [], 0, 0
    for at, sign in enumerate(inner + ","):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            items.append(inner[start:at])
            start = at + 1
    return [branch for item in items if item.strip() for branch in branches(before.strip() + item.strip())]


class Crate:
    def __init__(self, src):
        self.modules = modules(src)
        self.exports, self.named = {}, {}
        for module, text in self.modules.items():
            for public, tree in USE.findall(text):
                for path, local in branches(tree):
                    whole = self.absolute(module, path)
                    if whole is None:
                        continue
                    self.named.setdefault(module, {})[local] = whole
                    if public:
                        self.exports[module + (local,)] = whole

    def absolute(self, module, path):
        """A path from the root of the crate; none for another crate's."""
        if path[0] == "crate":
            return path[1:]
        if path[0] == "self":
            return module + path[1:]
        above = 0
        while above < len(path) and path[above] == "super":
            above += 1
        if above:
            return module[: len(module) - above] + path[above:]
        return module + path if module + path[:1] in self.modules else None

    def home(self, path, depth=0):
        """The module that defines an item, and what of the path is below it."""
        for length in range(len(path), -1, -1):
            module, rest = path[:length], path[length:]
            if module in self.modules:
                target = self.exports.get(module + rest[:1]) if rest else None
                return self.home(target + rest[1:], depth + 1) if target and depth < 8 else (module, rest)
        return (), path

    def arrows(self):
        found = {module: {} for module in self.modules}
        for module, text in self.modules.items():
            plain = USE.sub("", text)
            paths = [tree for public, tree in USE.findall(text) if not public]
            wanted = [path for tree in paths for path, _ in branches(tree)]
            wanted += [tuple(path.split("::")) for path in PATH.findall(plain)]
            for path in wanted:
                whole = self.absolute(module, path)
                if whole is None and path[0] in self.named.get(module, {}):
                    whole = self.named[module][path[0]] + path[1:]
                if whole is None:
                    continue
                target, rest = self.home(whole)
                # The name of a module alone needs nothing of it.
                if target != module and rest:
                    found[module].setdefault(target, set()).add(rest[0])
        return found


def circles(arrows):
    """Tarjan's strongly connected components of two modules and more."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in arrows[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = [stack.pop()]
            while component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(sorted(component))

    sys.setrecursionlimit(10_000)
    for node in arrows:
        if node not in index:
            visit(node)
    return found


def report(src):
    arrows = Crate(src).arrows()
    found = circles(arrows)
    for circle in found:
        print(f"{src}: {len(circle)} files need each other")
        for module in circle:
            for target in circle:
                if target in arrows[module]:
                    items = ", ".join(sorted(arrows[module][target]))
                    print(f"    {'::'.join(module) or 'root'} -> {'::'.join(target) or 'root'}: {items}")
    return len(found)


def self_test():
    clean = {
        "lib.rs": "mod a;\nmod b;\npub use b::B;\n",
        "a.rs": "use crate::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
        "b/mod.rs": "mod inner;\npub use inner::B;\n",
        "b/inner.rs": "pub struct B; // not crate::a::A\n",
    }
    planted = {
        "use": {"b/inner.rs": "use crate::a::A;\npub struct B(A);\n"},
        "a path": {"b/inner.rs": "pub struct B(crate::a::A);\n"},
        "a parent": {"b/mod.rs": "mod inner;\npub use inner::B;\npub struct A;\nfn f() -> B { inner::make() }\n", "b/inner.rs": "use super::A;\npub struct B(A);\n"},
    }
    for name, change in {"nothing": {}, **planted}.items():
        with tempfile.TemporaryDirectory() as folder:
            for file, text in {**clean, **change}.items():
                path = Path(folder, file)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            found = len(circles(Crate(Path(folder)).arrows()))
            assert found == (1 if change else 0), f"{name}: {found} circles"


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    return 1 if sum(report(Path(src)) for src in sys.argv[1:]) else 0


if __name__ == "__main__":
    sys.exit(main())
