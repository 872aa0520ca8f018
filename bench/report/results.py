"""What the benchmark programs wrote: --benchmark_format=json of Google Benchmark; or of a peer's program, lines of JSON."""
import json
import pathlib
import statistics
from typing import NamedTuple

TIMING = ("process_time", "real_time", "manual_time")
SETTINGS = ("iterations:", "repeats:", "min_time:")
# What Google Benchmark itself says of a run; any other number is a counter.
NO_COUNTERS = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
               "real_time", "cpu_time", "error_occurred"}

# Percent of the machine: a repetition during which others had more says more about them. It counts only if none was calmer.
DISTURBED = 1


def counted(runs):
    """Those that are measured, without what was disturbed."""
    measured = [run for run in runs if run["run_type"] == "iteration"]

    def calm(run):
        return not run.get("error_occurred") and run.get("others_percent", 0) <= DISTURBED

    calm_rows = {run["run_name"] for run in measured if calm(run)}
    return [run for run in measured if run.get("error_occurred") or calm(run) or run["run_name"] not in calm_rows]


class Row(NamedTuple):
    """problem/case/library/name:value/..."""
    problem: str
    case: str
    library: str
    parameters: tuple

    @staticmethod
    def of(name):
        problem, case, library, *rest = name.split("/")
        return Row(problem, case, library, tuple(p for p in rest if p not in TIMING and not p.startswith(SETTINGS)))

    def __str__(self):
        return "/".join([self.problem, self.case, self.library, *self.parameters])


class Results:
    def __init__(self):
        self.rows = {}  # Row -> {counter: [value of each repetition]}
        self.context = {}  # machine and versions; of several programs the first one's word counts
        self.failures = []
        self.runs = []

    def add(self, data):
        self.context = {**data["context"], **self.context}
        self.runs += [run for run in data["benchmarks"] if run["run_type"] == "iteration"]
        for run in counted(data["benchmarks"]):
            if run.get("error_occurred"):
                self.failures.append(f"{run['run_name']}: {run['error_message']}")
                continue
            counters = self.rows.setdefault(Row.of(run["run_name"]), {})
            for name, value in run.items():
                if isinstance(value, (int, float)) and name not in NO_COUNTERS:
                    counters.setdefault(name, []).append(value)

    def median(self, name, counter="per_item"):
        """In seconds, bytes, ...: as it was written. KeyError if it was not measured."""
        return statistics.median(self.rows[Row.of(name)][counter])

    def problems(self):
        return list(dict.fromkeys(row.problem for row in self.rows))

    def libraries(self):
        return sorted({row.library for row in self.rows})

    def merged(self):
        """One file of the whole run, again in Google Benchmark's shape."""
        return {"context": self.context, "benchmarks": self.runs}


def load(file):
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".jsonl":
        return json.loads(text)
    first, *runs = map(json.loads, text.splitlines())
    return {**first, "benchmarks": runs}


def read(paths):
    """Files, or the folders that hold them: a folder's all.json stands for the rest of it."""
    results = Results()
    for path in map(pathlib.Path, paths):
        files = [path]
        if path.is_dir():
            files = [path / "all.json"] if (path / "all.json").exists() else sorted(path.glob("*.json*"))
        for file in files:
            results.add(load(file))
    return results
