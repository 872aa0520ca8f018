"""trace_check.py SCENE: plays scene.cpp, and checks the files that it has recorded: they are JSON, their events are what the viewers
of Chrome's trace events take, they agree with each other, and what the scene knows is in them."""
import collections
import decimal
import json
import os
import subprocess
import sys
import tempfile

THREADS, TASKS = 1, 2


class Trace:
    """The events by phase, times in whole ns."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            whole = json.load(file, parse_float=decimal.Decimal)
        self.faults = []
        self.overwritten = int(whole["otherData"]["overwritten_records"])
        self.by_phase = collections.defaultdict(list)
        for event in whole["traceEvents"]:
            for key in ("ts", "dur"):
                if key in event:
                    ns = decimal.Decimal(event[key]) * 1000
                    self.check(ns == int(ns) and ns >= 0, f"{key} is not of whole ns: {event}")
                    event[key] = int(ns)
            self.by_phase[event["ph"]].append(event)
        self.check(not set(self.by_phase) - set("MXbesfC"), f"phases {set(self.by_phase)}")
        self.threads = {e["tid"]: e["args"]["name"] for e in self.by_phase["M"]
                        if e["name"] == "thread_name" and e["pid"] == THREADS}
        self.slices = self.by_phase["X"]
        self.parents = {}  # slice -> the one around it, by place in self.slices
        self.check_slices()
        self.check_lives()
        self.check_arrows()
        for e in self.by_phase["C"]:
            self.check(e["pid"] == THREADS and all(n >= 0 for n in e["args"].values()), f"a counter: {e}")

    def check(self, holds, what):
        if not holds:
            self.faults.append(what)

    def check_slices(self):
        tracks = collections.defaultdict(list)
        for i, e in enumerate(self.slices):
            self.check(e["pid"] == THREADS and e["tid"] in self.threads, f"a slice on no thread: {e}")
            tracks[e["tid"]].append(i)
        for track in tracks.values():
            open_ = []
            # Those that begin at one time: the file's order, parents first.
            for i in sorted(track, key=lambda i: self.slices[i]["ts"]):
                e = self.slices[i]
                while open_ and not self.encloses(open_[-1], i):
                    self.check(self.end(open_[-1]) <= e["ts"], f"slices overlap: {self.slices[open_[-1]]} and {e}")
                    open_.pop()
                if open_:
                    self.parents[i] = open_[-1]
                open_.append(i)
        running = sorted((e["ts"], e["ts"] + e["dur"], e["args"]["task"]) for e in self.slices)
        last = {}
        for begin, end, task in running:  # nobody is in two places
            self.check(last.get(task, 0) <= begin, f"task {task} runs twice at {begin}")
            last[task] = end

    def end(self, i):
        return self.slices[i]["ts"] + self.slices[i]["dur"]

    def encloses(self, outer, inner):
        return self.slices[outer]["ts"] <= self.slices[inner]["ts"] and self.end(inner) <= self.end(outer) and (
            self.slices[inner]["ts"] < self.end(outer) or self.slices[outer]["dur"] == 0)

    def check_lives(self):
        self.begins, self.ends = {}, {}
        for phase, found in (("b", self.begins), ("e", self.ends)):
            for e in self.by_phase[phase]:
                self.check(e["pid"] == TASKS and e["cat"] == "task" and e["id"] not in found, f"{phase} twice, or nobody's: {e}")
                found[e["id"]] = e
        for i, e in self.ends.items():
            self.check(i in self.begins and self.begins[i]["ts"] <= e["ts"] and self.begins[i]["name"] == e["name"], f"an end: {e}")
        for e in self.slices:
            self.check(hex(e["args"]["task"]) in self.begins, f"a slice of a task that is not there: {e}")

    def check_arrows(self):
        starts, finishes = ({e["id"]: e for e in self.by_phase[phase]} for phase in "sf")
        self.check(len(starts) == len(self.by_phase["s"]) and len(finishes) == len(self.by_phase["f"]), "arrows with one number")
        self.check(set(starts) == set(finishes), "arrows with one end")
        spans = collections.defaultdict(list)
        for e in self.slices:
            spans[e["tid"]].append((e["ts"], e["ts"] + e["dur"]))
        for i, s in starts.items():
            f = finishes[i]
            self.check(f.get("bp") == "e" and s["name"] == f["name"] and s["cat"] == f["cat"], f"an arrow: {s} {f}")
            self.check(s["ts"] <= f["ts"], f"an arrow back in time: {s} {f}")
        for e in [*starts.values(), *finishes.values()]:
            self.check(any(a <= e["ts"] <= b for a, b in spans.get(e["tid"], ())), f"an arrow's end in no slice: {e}")
        self.arrows = [(starts[i], finishes[i]) for i in starts if i in finishes]

    # ---- what the scene asks

    def of(self, task):
        return sorted((e for e in self.slices if e["args"]["task"] == task), key=lambda e: e["ts"])

    def named(self, name):
        return next((e["args"]["task"] for e in self.begins.values() if e["name"] == name), None)

    def around(self, event):
        """The innermost slice at an arrow's end."""
        at = [e for e in self.slices if e["tid"] == event["tid"] and e["ts"] <= event["ts"] <= e["ts"] + e["dur"]]
        return max(at, key=lambda e: e["ts"], default=None)


def check_scene(t, fact):
    def ends(task):
        return [e["args"]["end"] for e in t.of(task)]

    def ended(task):
        return t.ends.get(hex(task), {"args": {}})["args"].get("ended")

    t.check(t.overwritten == 0, "records were overwritten")
    hog = t.of(fact["hog"])
    measured = fact["hog_ns"] * 0.999  # by another clock
    t.check([e["name"] for e in hog] == ["hog"] and hog[0]["dur"] >= measured, f"the hog, {fact['hog_ns']} ns: {hog}")

    patient = t.of(fact["patient"])
    t.check(ends(fact["patient"]) == ["waits for an event", "waits for an event", "finished"], f"the patient one: {patient}")
    for e in patient[1:]:
        wakers = [t.around(s) for s, f in t.arrows if f["tid"] == e["tid"] and f["ts"] == e["ts"] and s["name"] == "wakes"]
        t.check([w and w["name"] for w in wakers] == ["main"], f"who wakes the patient one: {wakers}")
    begin = t.begins[hex(fact["patient"])]
    t.check("scene.cpp:" in begin["args"]["spawned_at"] and begin["args"]["parent"] == t.named("main"), f"its life: {begin}")

    t.check(ended(fact["inner"]) == "finished" and ended(fact["outer"]) == "finished", "inner and outer")
    if fact["workers"] == 1 and fact["where"] == "threads":
        for i, e in enumerate(t.slices):  # nobody else can have started it: always on its parent's stack
            if e["args"]["task"] == fact["inner"]:
                around = t.slices[t.parents[i]] if i in t.parents else None
                t.check(around and around["args"]["task"] == fact["outer"], f"inner is not in outer: {e}")
        t.check("a task that runs on its stack stops" in ends(fact["outer"]), f"outer: {t.of(fact['outer'])}")

    t.check(ended(fact["failed"]) == "failed" and ends(fact["failed"])[-1] == "failed", "the failed one")
    t.check(ended(fact["cancelled"]) == "cancelled", "the cancelled one")
    t.check(t.begins[hex(fact["failed"])]["name"] == f"task-{fact['failed']}", "one without a name")
    for who, name in (("odd", "\"odd\" \\ \ufffd\n\u00fc"), ("wordy", "w" * 224), ("renamed", "second name"), ("call", "blocking call")):
        t.check({e["name"] for e in t.of(fact[who])} == {name}, f"{who} is named {[e['name'] for e in t.of(fact[who])]}")
    t.check(ended(fact["lives"]) is None and ends(fact["lives"])[-1].startswith("waits for"), "who lives on")
    t.check(t.by_phase["C"] or fact["where"] == "simulation", "no counters")
    workers = [name for name in t.threads.values() if name.startswith("scene/")]
    t.check(len(workers) >= 1 or fact["where"] == "simulation", f"workers: {t.threads}")
    for e in t.begins.values():  # all was seen from its spawn on
        t.check(e["args"]["parent"] == 0 or hex(e["args"]["parent"]) in t.begins, f"whose child is {e}")


def main():
    faults = []
    with tempfile.TemporaryDirectory() as directory:
        scene = subprocess.run([sys.argv[1], directory], stdout=subprocess.PIPE, text=True, check=True)
        for fact in map(json.loads, scene.stdout.splitlines()):
            t = Trace(fact["file"])
            t.check(t.slices and t.begins, "nothing in it")
            if fact["where"] == "overwritten":
                t.check(t.overwritten > 0, "nothing was overwritten")
            else:
                check_scene(t, fact)
            faults += [f"{fact['where']} {fact.get('workers')}: {fault}" for fault in t.faults]

        file = os.path.join(directory, "asked_for.json")
        subprocess.run([sys.argv[1], "stall"], env=os.environ | {"WEFT_TRACE": file}, stderr=subprocess.DEVNULL, check=True)
        for path, stopped in ((file + ".stall", "runs"), (file, "finished")):
            t = Trace(path)
            greedy = t.of(t.named("greedy"))
            t.check([e["args"]["end"] for e in greedy] == [stopped] and greedy[0]["dur"] >= 19_000_000, f"greedy: {greedy}")
            faults += [f"{os.path.basename(path)}: {fault}" for fault in t.faults]
    sys.exit("\n".join(faults[:50]) or 0)


main()
