import argparse
import asyncio
import gc
import json
import platform
import random
import sys
import time
from typing import NamedTuple


class Row(NamedTuple):
    run: object  # run(n) does the work n times and says whether all results were right; with once, run() gives figures or None
    items: int = 1  # what it does each time
    once: bool = False  # takes a second: no rounds


def measure(row, rounds, min_time):
    """The figures, None if a result was wrong, and with how many rounds."""
    gc.collect()
    if row.once:
        return asyncio.run(row.run()), rounds

    async def timed():
        begin = time.perf_counter()
        right = await row.run(rounds)
        return right, time.perf_counter() - begin

    while True:
        right, took = asyncio.run(timed())
        if not right:
            return None, rounds
        if took >= min_time:
            return {"per_item": took / rounds / row.items, "ms_per_run": took / rounds * 1e3}, rounds
        rounds = int(rounds * min(1.2 * min_time / took + 1, 10)) + 1


def run_all(rows):
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--repetitions", type=int, default=5)
    arguments.add_argument("--min-time", type=float, default=0.3)
    arguments.add_argument("--limit", type=float, default=60, help="seconds for the whole: no further repetitions after it")
    arguments = arguments.parse_args()
    if arguments.list:
        print("\n".join(rows))
        return
    chosen = [name for name in sys.stdin.read().split() if name in rows]
    print(json.dumps({"context": {"python": platform.python_version()}}))
    rounds, begin = dict.fromkeys(chosen, 1), time.monotonic()
    for i in range(arguments.repetitions):
        random.shuffle(chosen)
        for name in chosen:
            if i and time.monotonic() - begin > arguments.limit:
                return
            figures, rounds[name] = measure(rows[name], rounds[name], arguments.min_time)
            wrong = {"error_occurred": True, "error_message": "wrong result"}
            print(json.dumps({"run_name": name, "run_type": "iteration", **(wrong if figures is None else figures)}), flush=True)
