#!/usr/bin/env python3
"""instruction_count.py PROGRAM [BOUNDS] [--update]: instructions per operation of the fast paths, held against bounds.

Runs PROGRAM under valgrind's callgrind and reads one dump per section. A section fails when it needs over 10 % more than
its bound; one that needs over 10 % less is named, so that the bound can be lowered: --update writes what was counted.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROUNDS = 2000  # as in instruction_count.cpp
SLACK = 0.10


def count(program):
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work) / "out"
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--combine-dumps=no", f"--callgrind-out-file={out}",
             program], capture_output=True, text=True, timeout=540)
        if run.returncode != 0:
            sys.exit(f"{program} failed under callgrind ({run.returncode}):\n{run.stderr}")
        counts = {}
        for dump in sorted(pathlib.Path(work).glob("out.*"), key=lambda p: int(p.suffix[1:])):
            text = dump.read_text()
            section = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.M)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
            if section and total:
                counts[section[1]] = counts.get(section[1], 0) + int(total[1]) / ROUNDS
    nothing = counts.pop("nothing", 0)
    return {name: n - nothing for name, n in counts.items()}


def read_bounds(path):
    bounds = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].split()
        if line:
            bounds[line[0]] = float(line[1])
    return bounds


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    path = pathlib.Path(args[1]) if len(args) > 1 else pathlib.Path(__file__).with_name("instruction_count.txt")
    counts = count(args[0])
    if not counts:
        sys.exit("callgrind gave no dump: nothing was counted")
    if "--update" in sys.argv:
        comments = [l for l in path.read_text().splitlines() if l.startswith("#")] if path.exists() else []
        path.write_text("\n".join(comments + [f"{name:24} {n:8.0f}" for name, n in counts.items()]) + "\n")
        print(path.read_text())
        return
    bounds = read_bounds(path)
    failed = False
    for name, n in counts.items():
        bound = bounds.pop(name, None)
        verdict = "no bound"
        if bound is None:
            failed = True
        else:
            verdict = f"bound {bound:.0f}"
            if n > bound * (1 + SLACK):
                failed = True
                verdict += "  TOO MANY"
            elif n < bound * (1 - SLACK):
                verdict += "  far fewer: lower the bound (--update)"
        print(f"{name:24} {n:8.0f}  {verdict}")
    for name in bounds:
        failed = True
        print(f"{name:24} was not counted")
    sys.exit(1 if failed else 0)


main()
