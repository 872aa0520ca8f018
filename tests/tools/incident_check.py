#!/usr/bin/env python3
"""docs/debugging.md: each command of its incident, run as the page has it, prints what the page shows: the same lines but for numbers.

usage: incident_check.py NAME PATH/TO/incident PATH/TO/tools PATH/TO/debugging.md
NAME: which of the commands, as the page's comment before it says: <!-- incident: NAME -->
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TIMEOUT = 300  # of anything; nothing here comes near it
SKIPPED = 77


def shown_on(page, name):
    """The command and the lines it prints, those that say something."""
    with open(page) as f:
        block = re.search(rf"<!-- incident: {name} -->\n```\n\$ (.+?)\n(.*?)```\n", f.read(), re.DOTALL)
    lines = [line for line in map(general, block[2].splitlines()) if line not in ("", "...")]
    assert lines, name
    return block[1], lines


def general(line):
    """Without what differs from run to run."""
    line = re.sub(r"\S*/(?=[\w.-]+\.[ch]pp)", "", line)
    line = re.sub(r"(\d[\d.]*|N) (us|ms|s|min)\b|(?<= )-(?= )", "T", line)
    return " ".join(re.sub(r"0x[0-9a-f]+|\d[\d.]*", "N", line).split())


def answer(command, errors):
    """What the command prints, and what has come to stderr a moment later."""
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=TIMEOUT)
    if "ptrace" in done.stdout and "not permitted" in done.stdout:
        print("skipped: processes may not be traced here")
        sys.exit(SKIPPED)
    assert done.returncode == 0, done
    if not done.stdout:
        time.sleep(0.2)
    with open(errors) as f:
        return done.stdout + f.read()


def check(page, name, program, tools):
    command, expected = shown_on(page, name)
    with tempfile.TemporaryDirectory() as folder:
        socket, errors = os.path.join(folder, "socket"), os.path.join(folder, "stderr")
        with open(errors, "w") as stderr:
            p = subprocess.Popen([program, socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
                                 env={**os.environ, "WEFT_DUMP_SIGNAL": "QUIT"})
        try:
            assert p.stdout.readline() == f"stalled: process {p.pid}\n"
            for word, meant in (("weft-gdb.py", os.path.join(tools, "weft-gdb.py")), ("weft-top", os.path.join(tools, "weft-top")),
                                ("/tmp/incident", socket), ("PID", str(p.pid))):
                command = command.replace(word, meant)
            end, printed, missing = time.monotonic() + TIMEOUT, "", expected
            while missing:  # asked again: it may have been too early, and a dump comes when it comes
                assert time.monotonic() < end, f"missing: {missing}\nprinted:\n{printed}"
                printed += answer(command, errors).replace(socket, "/tmp/incident")
                missing = [line for line in expected if line not in map(general, printed.splitlines())]
            out, _ = p.communicate(timeout=TIMEOUT)
            assert (p.returncode, out) == (0, "the bank has gone\nbooked 40\n"), (p.returncode, out)
        finally:
            p.kill()
            p.communicate()


if __name__ == "__main__":
    what, program_, tools_, page_ = sys.argv[1:]
    if what == "gdb" and shutil.which("gdb") is None:
        print("skipped: there is no gdb")
        sys.exit(SKIPPED)
    check(page_, what, program_, tools_)
