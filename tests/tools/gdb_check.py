#!/usr/bin/env python3
"""weft-gdb.py on the program `inspected`: while it lives, on a core file of it without debug information, and over its going on.

usage: gdb_check.py PATH/TO/inspected PATH/TO/weft-gdb.py [--live]
--live: without the core file, which would be all of a sanitizer's memory.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 300  # of anything; nothing here comes near it
SKIPPED = 77
REFUSED = ("ptrace: Operation not permitted", "Could not attach to process", "ptrace: Inappropriate ioctl")


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


class Inspected:
    """The program, with all its tasks in place."""

    def __init__(self, program):
        self.p = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.p.stdout.readline()
        assert line == "in place\n", line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.communicate()

    def let_go_of_input(self):
        """The descriptor that keeps it in place, for another process."""
        fd = os.dup(self.p.stdin.fileno())
        self.p.stdin.close()
        self.p.stdin = None
        return fd

    def end(self):
        """Nothing that was done to it has done it any harm."""
        out, _ = self.p.communicate(timeout=TIMEOUT)
        assert (self.p.returncode, out) == (0, "done\n"), (self.p.returncode, out)


def gdb(script, arguments, commands, hand_over=()):
    """What each command has printed. The descriptors become gdb's."""
    line = ["gdb", "-nx", "-q", "-batch", "-ex", "set width 0", "-ex", "set debuginfod enabled off", "-x", script]
    for i, command in enumerate(commands):
        line += ["-ex", f"echo \\n== {i}\\n", "-ex", command]
    p = subprocess.Popen(line + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", pass_fds=hand_over)
    for fd in hand_over:
        os.close(fd)
    out, _ = p.communicate(timeout=TIMEOUT)
    if any(text in out for text in REFUSED):
        skip("processes may not be traced here")
    parts = re.split(r"\n== \d+\n", out)[1:]
    assert len(parts) == len(commands), out
    return parts


def rows(ps):
    """By name: count, id, state, doing, place."""
    found = {}
    for line in ps.splitlines():
        cells = re.split(r" {2,}", line.strip())
        if len(cells) >= 6 and cells[0].isdigit():
            found[cells[4]] = (int(cells[0]), cells[1], cells[2], *cells[5:-1], cells[-1])
    return found


def check_ps(ps, live):
    r = rows(ps)
    holder = r["holder"][1]
    assert re.search(r"runtime 'inspected', tasks: 62\n", ps), ps
    assert r["main"][:4] == (1, "1", "suspended", f"task 'blocking' (id {r['blocking'][1]})"), ps
    assert r["holder"][:1] + r["holder"][2:4] == (1, "suspended", "a future"), ps
    assert r["in line *"][0] == 3, ps
    assert re.fullmatch(rf"a mutex at 0x\w+, held by task 'holder' \(id {holder}\)", r["in line *"][3]), ps
    assert re.fullmatch(rf"a shared_mutex at 0x\w+, held by task 'holder' \(id {holder}\)", r["reader of it"][3]), ps
    assert re.fullmatch(r"a semaphore at 0x\w+", r["permit"][3]), ps
    assert r["sleeper"][3] == "a time", ps
    assert r["task-*"][0] == 50 and re.fullmatch(r"an event at 0x\w+", r["task-*"][3]), ps
    assert r["parent"][3].startswith(f"task 'child' (id {r['child'][1]})"), ps
    for name in ("running", "blocking"):
        assert r[name][2] == "running" and re.fullmatch(r"on thread \d+", r[name][3]), ps
    assert all(re.fullmatch(r"(inspected\.cpp|runtime\.hpp):\d+", row[-1]) for row in r.values()), ps
    ages = re.findall(r"(?:suspended|running) +(\?|\d+ ms|[\d.]+ s|\d+ min)  ", ps)
    assert len(ages) == len(r) and ("?" in ages) != live, ps
    return {name: row[1] for name, row in r.items()}


def check_pstree(tree):
    assert re.search(r"(?m)^main \(id 1\), suspended: task 'blocking'", tree), tree
    assert re.search(r"(?m)^  50 x task-\* \(id \d+\), suspended: an event at 0x", tree), tree
    assert re.search(r"(?m)^  parent \(id \d+\), .*\n    child \(id \d+\), suspended: an event", tree), tree


PLACES = {"holder": "waits_for_reply", "in line *": "waits_in_line", "reader of it": "waits_for_writer", "permit": "waits_for_permit",
          "sleeper": "sleeps", "task-*": "waits_with_others", "parent": "waits_for_child", "child": "waits_with_others",
          "running": "reads_input", "blocking": "reads_input"}


def stacks(ids):
    return [f"weft bt {ids[name]}" for name in PLACES]


def check_stacks(printed):
    for (name, place), text in zip(PLACES.items(), printed):
        assert re.match("task '" + re.escape(name).replace(r"\*", r"\d+") + r"' \(id \d+\), ", text), text
        frames = re.findall(r"(?m)^#(\d+) ", text)
        assert re.search(rf"\b{place}\b", text), text
        assert "corrupt stack" not in text and "previous frame" not in text, text
        assert [int(n) for n in frames] == list(range(int(frames[0]), int(frames[0]) + len(frames))), text


def refusals(script):
    printed = gdb(script, [], ["weft ps", "weft bt", "help weft"])
    assert "neither a process nor a core file" in printed[0], printed
    assert "usage: weft bt ID" in printed[1], printed
    assert all(f"weft {name}" in printed[2] for name in ("ps", "pstree", "bt", "select", "unselect", "current")), printed
    other = gdb(script, [sys.executable], ["starti", "weft ps"])
    if "Starting program" in other[0]:
        assert "no symbol weft_debug_layout" in other[1], other


def live(program, script, core):
    with Inspected(program) as it:
        attach = ["-p", str(it.p.pid)]
        ps, every, tree, nobody, extra = gdb(script, attach, ["weft ps", "weft ps -a", "weft pstree", "weft bt 999999", "weft ps x"])
        ids = check_ps(ps, live=True)
        assert len(re.findall(r"(?m)^ +1 +\d+  (?:suspended|running) ", every)) == 62 and "task-*" not in every, every
        check_pstree(tree)
        assert "no task with the id '999999'" in nobody and "usage: weft ps [-a]" in extra, (nobody, extra)
        check_stacks(gdb(script, attach, stacks(ids)))

        permit = ids["permit"]
        printed = gdb(script, attach, [
            "info registers rip", f"weft select {permit}", "up", "bt", "weft current", "weft bt 1", "bt", "weft unselect",
            "info registers rip", "bt", f"weft select {ids['running']}", "bt", "weft current"]
            + ([f"weft gcore {core}"] if core else []))
        assert printed[1].startswith(f"task 'permit' (id {permit}), suspended: a semaphore"), printed[1]
        assert printed[2].startswith("#2 "), printed[2]
        for at in (3, 6):
            assert "waits_for_permit" in printed[at], printed[at]
        assert f"selected: task 'permit' (id {permit})" in printed[4], printed[4]
        assert printed[5].startswith("task 'main' (id 1)") and "waits_for_permit" not in printed[5], printed[5]
        assert printed[0] == printed[8], printed
        assert "waits_for_permit" not in printed[9], printed[9]
        assert "reads_input" in printed[11] and f"runs task 'running' (id {ids['running']})" in printed[12], printed
        assert not core or re.match(r"Saved corefile .* with \d+ stacks of tasks\n", printed[13]), printed[13]

        # Going on with a task selected: it is as if nothing had been.
        its_input = it.let_go_of_input()
        printed = gdb(script, attach, ["break inspected::ends_here", f"weft select {permit}", f"python import os; os.close({its_input})",
                                       "continue", "weft current", "bt", "weft ps", "delete", "detach"], [its_input])
        assert "waits_for_permit" not in printed[3] and "hit Breakpoint" in printed[3], printed
        assert "runs task 'main' (id 1)" in printed[4] and "selected" not in printed[4], printed[4]
        assert "ends_here" in printed[5] and "waits_for_permit" not in printed[5], printed[5]
        assert "tasks: 1\n" in printed[6], printed[6]
        it.end()
        return ids


def from_core(program, script, core, ids):
    ps, tree, *printed = gdb(script, [program, core], ["weft ps", "weft pstree"] + stacks(ids))
    assert check_ps(ps, live=False) == ids, (ps, ids)
    check_pstree(tree)
    check_stacks(printed)
    printed = gdb(script, [program, core], [f"weft select {ids['permit']}", "bt", "weft unselect", "bt"])
    assert "waits_for_permit" in printed[1] and "waits_for_permit" not in printed[3], printed


def main():
    program, script, *live_only = sys.argv[1:]
    if shutil.which("gdb") is None or "yes" not in subprocess.run(["gdb", "-nx", "-batch", "-ex", "python print('yes')"],
                                                                  capture_output=True, text=True).stdout:
        skip("there is no gdb with Python")
    refusals(script)
    with tempfile.TemporaryDirectory() as folder:
        core = os.path.join(folder, "core")
        ids = live(program, script, None if live_only else core)
        if live_only:
            return
        bare = os.path.join(folder, "inspected")
        strip = shutil.which("strip")
        subprocess.run([strip, "--strip-debug", "-o", bare, program], check=True) if strip else os.symlink(program, bare)
        from_core(bare, script, core, ids)


if __name__ == "__main__":
    main()
