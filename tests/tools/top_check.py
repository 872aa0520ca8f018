#!/usr/bin/env python3
"""weft-top on the program `inspected`: its table, as text, as JSON and live in a terminal; its dump; and what it says when it cannot.

usage: top_check.py PATH/TO/inspected PATH/TO/weft-top
"""
import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios

TIMEOUT = 300  # of anything; nothing here comes near it
QUICK = ("--interval", "0.05")


def top(tool, *arguments, status=0):
    p = subprocess.run([sys.executable, "-B", tool, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)
    assert p.returncode == status and "Traceback" not in p.stderr, (arguments, p)
    return p.stderr if status else p.stdout


def check_rows(by_name):
    """Of each: tasks, running, ready, waiting."""
    assert [n for name, n in by_name.items() if re.fullmatch(r"inspected\.cpp:\d+", name)] == [(50, 0, 0, 50)], by_name
    assert by_name["in line *"] == (3, 0, 0, 3), by_name
    assert by_name["running"] == (1, 1, 0, 0) and by_name["blocking"] == (1, 1, 0, 0), by_name
    assert by_name["sleeper"] == by_name["holder"] == (1, 0, 0, 1), by_name
    assert 5 <= by_name["inspect_socket"][0] <= 8, by_name  # those that listen, and who answers


def rows_of(text):
    rows = re.findall(r"(?m)^ *(\d+) +(\d+) +(\d+) +(\d+) +[\d.]+ +(?:-|[\d.]+ [um]?s) +\d+  (.+)$", text)
    assert len(rows) == len(text.splitlines()) - 3, text
    return {name: tuple(map(int, numbers)) for *numbers, name in rows}


def tables(tool, path):
    text = top(tool, path, "--once", *QUICK)
    assert re.match(rf"{re.escape(path)}: (6[7-9]|70) tasks: \d+ running, \d+ ready, \d+ waiting; \d+ workers; by busy\n\n +tasks", text), text
    check_rows(rows_of(text))
    names = list(rows_of(top(tool, path, "--once", "--sort", "name", *QUICK)))
    assert names == sorted(names), names
    table = json.loads(top(tool, path, "--json", "--once", "--sort", "tasks", *QUICK))
    assert table["format"] == 1 and table["workers"] >= 3, table
    assert table["names"][0]["name"].startswith("inspected.cpp:"), table
    check_rows({r["name"]: (r["tasks"], r["running"], r["ready"], r["waiting"]) for r in table["names"]})
    assert all(r["busy_percent"] >= 0 and r["delay_us"] >= 0 and r["slices_per_s"] >= 0 for r in table["names"]), table


def dump_and_trace(tool, path):
    dump = top(tool, path, "--tasks")
    assert "holder" in dump and "a mutex" in dump and "sleeper" in dump, dump
    assert "traceEvents" in json.loads(top(tool, path, "--trace"))


def terminal(tool, path):
    """Live, sorted by another column, and quit."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    p = subprocess.Popen([sys.executable, "-B", tool, path, *QUICK], stdin=its, stdout=its, stderr=its)
    os.close(its)
    seen = b""

    def until(text):
        nonlocal seen
        while text not in seen:
            assert select.select([ours], [], [], TIMEOUT)[0], seen
            seen += os.read(ours, 10_000)

    until(b"by busy")
    os.write(ours, b"s")
    until(b"by tasks")
    os.write(ours, b"q")
    until(b"\x1b[?1049l")
    assert p.wait(TIMEOUT) == 0
    os.close(ours)


def refusals(tool, folder):
    assert "there is no" in top(tool, os.path.join(folder, "nothing"), "--once", status=1)
    stale = os.path.join(folder, "stale")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(stale)
    assert "nobody listens" in top(tool, stale, "--once", status=1)
    assert "needs a terminal" in top(tool, stale, status=1)
    assert "too long" in top(tool, "x" * 200, "--tasks", status=1)
    for wrong in (("--interval", "0"), ("--interval", "x"), ("--sort", "x"), ("--once", "--tasks")):
        assert "usage: " in top(tool, stale, *wrong, status=2)
    for answer, says in ((b"", "no answer"), (b'{"error":"no more"}\n', "refused: no more"), (b"what?\n", "does not understand"),
                         (b'{"format":2}', "does not understand"), (b"[]", "does not understand")):
        with socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(folder, "server")
            server.bind(path)
            server.listen()
            p = subprocess.Popen([sys.executable, "-B", tool, path, "--once"], stderr=subprocess.PIPE, text=True)
            client, _ = server.accept()
            client.recv(100)
            client.sendall(answer)
            client.close()
            _, error = p.communicate(timeout=TIMEOUT)
            assert p.returncode == 1 and says in error and "Traceback" not in error, (answer, error)
        os.remove(path)


def bad_clients(path):
    for request in (b"", b"tas", b"no such thing\n", b"\0" * 10_000, b"tasks\n", b"loads -5\n", b"\xff\xfe\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            try:
                s.sendall(request)
            except OSError:
                pass  # it has heard enough


def main():
    program, tool = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        refusals(tool, folder)
        path = os.path.join(folder, "socket")
        p = subprocess.Popen([program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert p.stdout.readline() == "in place\n"
            for _ in range(10):
                bad_clients(path)
            tables(tool, path)
            dump_and_trace(tool, path)
            terminal(tool, path)
            out, _ = p.communicate(timeout=TIMEOUT)
            assert (p.returncode, out) == (0, "done\n"), (p.returncode, out)
        finally:
            p.kill()
            p.communicate()
        assert "there is no" in top(tool, path, "--once", status=1)


if __name__ == "__main__":
    main()
