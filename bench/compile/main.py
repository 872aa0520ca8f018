#!/usr/bin/env python3
"""How long a file takes to compile that includes <weft/task.hpp>, and one that includes <future> and <functional>.

    bench/compile/main.py [--repetitions 15] [--compiler g++]

Prints JSON lines for bench/report: the compiler's CPU time, in rounds in which all files take turns. Ends with 1 if one does not compile.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {"weft": "#include <weft/task.hpp>\n", "std": "#include <functional>\n#include <future>\n"}


def seconds(command):
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main():
    arguments = argparse.ArgumentParser(description="compile time of <weft/task.hpp>")
    arguments.add_argument("--repetitions", type=int, default=15)
    arguments.add_argument("--compiler", default="g++")
    arguments = arguments.parse_args()
    common = [arguments.compiler, "-std=c++20", "-c", "-o", os.devnull, f"-I{ROOT}/runtime", f"-I{ROOT}/scheduler"]
    print(json.dumps({"context": {}}))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (pathlib.Path(folder) / f"{name}.cpp").write_text(text, encoding="utf-8")
        for number in range(arguments.repetitions + 1):
            for level in (0, 2):
                for name in FILES:
                    try:
                        took = seconds([*common, f"-O{level}", f"{folder}/{name}.cpp"])
                    except subprocess.CalledProcessError as error:
                        return f"{name}.cpp does not compile: {error}"
                    if number != 0:  # the first round fills the page cache
                        print(json.dumps({"run_name": f"compile/header/{name}/O:{level}", "run_type": "iteration", "cpu_ms": took * 1e3}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
