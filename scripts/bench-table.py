#!/usr/bin/env python3
"""What `make bench` has printed, as tables for docs/speed.md; and `--svg FILE` draws the warm answers."""

import json
import platform
import sys

UNITS = {"us": "µs", "ms": "ms", "kib": "KiB"}


def heading(key):
    """`median_us` as `median, µs`."""
    words = key.split("_")
    if words[-1] in UNITS:
        return f"{' '.join(words[:-1])}, {UNITS[words[-1]]}"
    return " ".join(words)


def cell(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(inner)}" for key, inner in value.items())
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}"
    return "–" if value is None else str(value)


def table(rows):
    keys = list(dict.fromkeys(key for row in rows for key in row))
    yield "| " + " | ".join(heading(key) for key in keys) + " |"
    yield "|" + "|".join("---:" if key != "program" else "---" for key in keys) + "|"
    for row in rows:
        yield "| " + " | ".join(cell(row.get(key, "")) for key in keys) + " |"


def flat(rows):
    """Rows of one kind: those of another kind get a table of their own."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    return groups.values()


def print_tables(results):
    singles = {}
    for result in results:
        rows = result.pop("rows", None)
        what = result.pop("what")
        if rows is None:
            singles.setdefault(what, []).append({key: value for key, value in result.items() if key != "measured"})
            continue
        notes = ", ".join(f"{heading(key)} {cell(value)}" for key, value in result.items())
        print(f"\n### {what}\n\n{notes}")
        for group in flat(rows):
            print()
            print("\n".join(table(group)))
    for what, rows in singles.items():
        print(f"\n### {what}\n")
        print("\n".join(table(rows)))


def draw(rows, file):
    """Bars for light and dark: the page's own color for the text."""
    width, line, left = 760, 26, 260
    most = max(row["median_us"] for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{line * len(rows) + 16}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<style>text{fill:#24292f}rect{fill:#0969da}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#4493f8}}</style>",
    ]
    for place, row in enumerate(rows):
        top = 8 + place * line
        length = (width - left - 90) * row["median_us"] / most
        parts.append(f'<text x="{left - 8}" y="{top + 16}" text-anchor="end">{row["program"]}</text>')
        parts.append(f'<rect x="{left}" y="{top + 4}" width="{length:.0f}" height="16" rx="2"/>')
        parts.append(f'<text x="{left + length + 6:.0f}" y="{top + 16}">{row["median_us"]} µs</text>')
    with open(file, "w", encoding="utf-8") as svg:
        svg.write("\n".join(parts) + "\n</svg>\n")


def main():
    results = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    if sys.argv[1:2] == ["--svg"]:
        warm = next(result for result in results if result["what"] == "warm answers")
        draw(warm["rows"], sys.argv[2])
    print(f"{platform.system()} {platform.release()}, {platform.machine()}")
    print_tables(results)


main()
