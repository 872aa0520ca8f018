"""The counters of the benchmarks: title, unit, digits, and whether less of it is better.

A counter that is not declared here still gets its column, after these, under its own name.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    title: str
    factor: float = 1
    digits: int = 2
    cost: bool = True  # less is better: what --compare looks at


COLUMNS = {  # in the order of the tables
    "per_item": Column("ns each", 1e9, 1),
    "ms_per_run": Column("ms", digits=2),
    "p50_us": Column("p50, µs", digits=1),
    "p99_us": Column("p99, µs", digits=1),
    "p999_us": Column("p99.9, µs", digits=1, cost=False),
    "oldest_us": Column("the oldest in the end, µs", digits=0),
    "displaced_p99": Column("places out of order, p99", digits=0),
    "served_percent": Column("% served", digits=0, cost=False),
    "samples": Column("samples", digits=0, cost=False),
    "server_cpu_us": Column("the server's CPU, µs", digits=2),
    "post_p50_us": Column("the waker's, p50, µs", digits=1),
    "switches": Column("switches each"),
    "steals": Column("steals per 1000", cost=False),
    "others_percent": Column("% of the CPUs that others had", digits=1, cost=False),
    "rss_per_task": Column("bytes of memory each", digits=0),
    "page_tables_per_task": Column("of page tables each", digits=0),
    "handle": Column("of handle each", digits=0),
    "mappings": Column("mappings", digits=0, cost=False),
    "unguarded_stacks": Column("unguarded stacks", digits=0),
    "left_percent": Column("% left after 10 s", digits=1),
    "cpu_ms": Column("CPU ms"),
    "over_1s_ms": Column("ms over 1 s", digits=0, cost=False),
    "latest_ms": Column("latest, ms", digits=1, cost=False),
    "switches_per_s": Column("context switches/s", digits=1),
}


def column(counter):
    return COLUMNS.get(counter) or Column(counter.replace("_", " "), cost=False)


def in_order(counters):
    known = list(COLUMNS)
    return sorted(counters, key=lambda c: (known.index(c) if c in known else len(known), c))


def number(value, counter):
    return f"{value * column(counter).factor:,.{column(counter).digits}f}"
