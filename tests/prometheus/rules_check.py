#!/usr/bin/env python3
"""rules_check.py PAGE_PROGRAM DOCS: what weft::to_prometheus() writes keeps the format and promtool's rules, says what it should, and
is all in DOCS.

First the rules themselves: of pages that break one each, each is found.
"""
import subprocess
import sys

from exposition import Malformed, lint, parse

GOOD = """# HELP x_total How many.
# TYPE x_total counter
x_total{a="1"} 1
x_total{a="2"} 2.5e+03
"""
HISTOGRAM = """# HELP h_seconds How long.
# TYPE h_seconds histogram
h_seconds_bucket{le="0.1"} 1
h_seconds_bucket{le="+Inf"} 3
h_seconds_sum 2.5
h_seconds_count 3
"""
MALFORMED = [
    GOOD[:-1],
    GOOD.replace('a="2"', 'a="1"'),
    GOOD.replace('a="2"', 'a="2'),
    GOOD.replace('a="2"', 'a="\\t"'),
    GOOD.replace('a="2"', 'a="2",a="3"'),
    GOOD.replace("2.5e+03", "two"),
    GOOD.replace("2.5e+03", "-1"),
    GOOD.replace(" 1\n", "  1\n"),
    GOOD.replace("counter", "count"),
    GOOD + "y 1\n" + 'x_total{a="3"} 1\n',
    GOOD + "# TYPE x_total counter\n",
    HISTOGRAM.replace('h_seconds_bucket{le="+Inf"} 3\n', ""),
    HISTOGRAM.replace('le="0.1"} 1', 'le="0.1"} 4'),
    HISTOGRAM.replace('le="0.1"} 1', 'le="0.1"} 1\nh_seconds_bucket{le="0.05"} 2'),
    HISTOGRAM.replace("count 3", "count 2"),
    HISTOGRAM.replace("h_seconds_sum 2.5\n", ""),
]
AGAINST_RULES = [
    GOOD.replace("x_total", "x"),
    GOOD.replace("counter", "gauge"),
    GOOD.replace("x_total", "x_counter_total"),
    GOOD.replace("x_total", "x_milliseconds_total"),
    GOOD.replace("x_total", "x_ms_total"),
    GOOD.replace("x_total", "xY_total"),
    GOOD.replace("a=", "le="),
    GOOD.replace("# HELP x_total How many.\n", ""),
    GOOD.replace("# TYPE x_total counter\n", ""),
    GOOD.replace("x_total", "x_count").replace("counter", "gauge"),
]
FAMILIES = {
    "weft_tasks", "weft_tasks_spawned_total", "weft_tasks_finished_total", "weft_parks_total", "weft_wakes_total", "weft_switches_total",
    "weft_timers", "weft_schedule_delay_seconds", "weft_slice_seconds", "weft_workers", "weft_stand_ins", "weft_stalls_total",
    "weft_steals_total", "weft_worker_busy_seconds_total", "weft_local_queue_length", "weft_injected_queue_length", "weft_stacks",
    "weft_unguarded_stacks", "weft_blocking_threads", "weft_blocking_queue_length"}


def is_malformed(text):
    try:
        parse(text)
    except Malformed:
        return True
    return False


def rules():
    for good in (GOOD, HISTOGRAM, GOOD + HISTOGRAM, GOOD + "# a comment\n\n"):
        assert not list(lint(parse(good))), list(lint(parse(good)))
    for i, text in enumerate(MALFORMED):
        assert is_malformed(text), (i, text)
    for i, text in enumerate(AGAINST_RULES):
        assert list(lint(parse(text))), (i, text)


def page(text):
    families = {f.name: f for f in parse(text)}
    assert not list(lint(families.values())), list(lint(families.values()))
    assert set(families) == FAMILIES, set(families) ^ FAMILIES
    names = ["weft", 'a "name" with a \\ and\na second line']
    for f in families.values():
        assert sorted({labels["runtime"] for _, labels, _ in f.samples}) == sorted(names), f
    for name in names:
        finished = {labels["result"]: value for _, labels, value in families["weft_tasks_finished_total"].samples if labels["runtime"] == name}
        assert finished == {"ok": 1002, "error": 1, "cancelled": 1}, finished
        spawned = [value for _, labels, value in families["weft_tasks_spawned_total"].samples if labels["runtime"] == name]
        assert spawned == [1004], spawned
    for name in ("weft_schedule_delay_seconds", "weft_slice_seconds"):
        bounds = [labels["le"] for n, labels, _ in families[name].samples if n.endswith("_bucket") and labels["runtime"] == "weft"]
        assert bounds[:3] == ["1e-06", "2e-06", "5e-06"] and bounds[-3:] == ["5", "10", "+Inf"] and "0.001" in bounds, bounds
        assert all(value > 0 for n, _, value in families[name].samples if n.endswith("_count"))
    docs = open(sys.argv[2], encoding="utf-8").read()
    missing = [name for name in FAMILIES if f"`{name}`" not in docs and f"`{name}{{" not in docs]
    assert not missing, f"not in {sys.argv[2]}: {missing}"


if __name__ == "__main__":
    rules()
    page(subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout)
