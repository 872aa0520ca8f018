#!/usr/bin/env python3
"""How long a file takes to compile that includes <weft/task.hpp>, over one that includes <future> and <functional>.

    bench/compile_time.py [--rounds 15] [--compiler g++]

Prints a table in Markdown. User and system time of the compiler, medians of rounds in which all files take turns. Ends with 1
if one does not compile.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = {"std": "#include <functional>\n#include <future>\n", "weft": "#include <weft/task.hpp>\n"}
GOAL = 1.5


def seconds(command):
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main():
    arguments = argparse.ArgumentParser(description="compile time of <weft/task.hpp>")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--compiler", default="g++")
    arguments = arguments.parse_args()
    common = [arguments.compiler, "-std=c++20", "-c", "-o", os.devnull, f"-I{ROOT}/runtime", f"-I{ROOT}/scheduler"]
    times = {(level, name): [] for level in ("-O0", "-O2") for name in FILES}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (pathlib.Path(folder) / f"{name}.cpp").write_text(text, encoding="utf-8")
        for number in range(arguments.rounds + 1):
            for level, name in times:
                try:
                    time = seconds([*common, level, f"{folder}/{name}.cpp"])
                except subprocess.CalledProcessError as error:
                    return f"{name}.cpp does not compile: {error}"
                if number != 0:  # the first round fills the page cache
                    times[level, name].append(time * 1e3)
    print("| case | `<future>`, `<functional>`, ms | `<weft/task.hpp>`, ms | ratio | goal | |\n|---|---:|---:|---:|---:|---|")
    for level in ("-O0", "-O2"):
        std, weft = (statistics.median(times[level, name]) for name in FILES)
        verdict = "met" if weft / std <= GOAL else "**missed**"
        print(f"| compile, {arguments.compiler} {level} | {std:.0f} | {weft:.0f} | {weft / std:.2f} | ≤ {GOAL} | {verdict} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
