"""The problems are the folders of bench/ with a main.cpp or main.py, in the order in which docs/benchmarks.md shows them.

    python3 bench/report/problems.py         their names, one a line; those that the page does not know come last
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"


def problems():
    found = sorted(main.parent.name for kind in ("cpp", "py") for main in (ROOT / "bench").glob(f"*/main.{kind}"))
    shown = re.findall(r"<!-- bench:(\w+) -->", PAGE.read_text(encoding="utf-8"))
    return sorted(found, key=lambda name: shown.index(name) if name in shown else len(shown))


if __name__ == "__main__":
    print("\n".join(problems()))
