#!/usr/bin/env python3
"""service: its pages, overload, hedging, the time-out, and that SIGTERM loses no request.

usage: service_check.py PATH/TO/service
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent.parent / "prometheus"))
import exposition

TIMEOUT = 120  # of anything; nothing here comes near it


@contextlib.contextmanager
def running(program, *args):
    p = subprocess.Popen([program, *args], stdout=subprocess.PIPE, text=True)
    try:
        line = p.stdout.readline()
        port = int(re.fullmatch(r"serving at 127\.0\.0\.1:(\d+)\n", line).group(1))
        yield p, port
    finally:
        p.kill()
        p.wait()


def ended(p):
    rest = p.stdout.read()
    return p.wait(TIMEOUT), rest


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)


def ask(connection, method, target, body=None):
    connection.request(method, target, body)
    r = connection.getresponse()
    return r.status, r.read().decode()


def counters(port):
    status, text = ask(connect(port), "GET", "/metrics")
    assert status == 200, text
    families = exposition.parse(text)
    assert not list(exposition.lint(families)), list(exposition.lint(families))
    return exposition.values(families)


def wait_for(port, name, at_least):
    while counters(port)[name] < at_least:
        pass


def pages(port):
    c = connect(port)  # kept alive throughout
    assert ask(c, "GET", "/cheap") == (200, "ok\n")
    assert ask(c, "GET", "/hog")[0] == 200
    assert ask(c, "POST", "/words", "Don't panic: 42 towels.\n") == (200, "4\n")
    assert ask(c, "POST", "/words", "") == (200, "0\n")
    assert ask(c, "POST", "/words", "lorem ipsum " * 300_000) == (200, "600000\n")
    assert ask(c, "GET", "/nowhere")[0] == 404
    assert ask(c, "DELETE", "/cheap")[0] == 405
    m = counters(port)
    assert m["service_requests_total"] == 8 and m["weft_tasks_spawned_total"] > 0 and m['weft_tasks{state="running"}'] > 0, m


def tasks(port):
    """main, what it has forked, and the connection that asks."""
    status, text = ask(connect(port), "GET", "/tasks")
    assert status == 200, text
    dump = json.loads(text)
    assert dump["format"] == 1 and dump["runtime"] == "service" and dump["deadlocks"] == [], dump
    main = [t for t in dump["tasks"] if t["name"] == "main"]
    assert len(main) == 1 and main[0]["parent"] == 0, dump
    assert sum(t["parent"] == main[0]["id"] for t in dump["tasks"]) == 2, dump
    assert any(t["state"] == "running" for t in dump["tasks"]), dump


def hedging(port):
    """Every second request to the first upstream hangs, beginning with the first: the hedge is what answers."""
    assert ask(connect(port), "GET", "/upstream") == (200, "in time\n")
    m = counters(port)
    assert m["service_upstream_attempts_total"] == 2 and m["service_upstream_timeouts_total"] == 0, m
    assert ask(connect(port), "GET", "/upstream/lost")[0] == 504
    m = counters(port)
    assert m["service_upstream_attempts_total"] == 4 and m["service_upstream_timeouts_total"] == 1, m


def overload(port):
    """Much more than its queue holds, at once: some are counted, the others turned away, and all are told."""
    seen = []
    def post():
        seen.append(ask(connect(port), "POST", "/words", "a b " * 500_000))
    threads = [threading.Thread(target=post) for _ in range(24)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(seen) == 24 and set(seen) <= {(200, "1000000\n"), (503, "too busy\n")}, set(seen)
    assert (200, "1000000\n") in seen
    assert counters(port)["service_overloads_total"] == sum(status == 503 for status, _ in seen)


def drain(program, number):
    with running(program, "--workers", "2") as (p, port):
        idle = connect(port)
        assert ask(idle, "GET", "/cheap")[0] == 200
        half = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        half.sendall(b"POST /words HTTP/1.1\r\nContent-Length: 3\r\n\r\na")
        slow = [connect(port) for _ in range(4)]
        for c in slow:
            c.request("GET", "/upstream/lost")
        wait_for(port, "upstream_requests_total", 8)  # two attempts for each
        p.send_signal(number)
        assert p.stdout.readline() == "draining\n"
        half.sendall(b" b")
        answer = half.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n2\n") and b"Connection: close" in answer, answer
        half.close()
        for c in slow:
            r = c.getresponse()
            assert r.status == 504, (r.status, r.read())
            c.close()
        assert idle.sock.recv(1) == b""
        idle.close()
        code, rest = ended(p)
        assert code == 0 and rest == "done\n", (code, rest)


def inspected(program):
    """It opens its socket, and removes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")
        with running(program, "--inspect", path) as (p, _):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"tasks\n")
                assert '"name":"main"' in s.makefile().read()
            p.send_signal(signal.SIGTERM)
            assert ended(p) == (0, "draining\ndone\n")
            assert os.listdir(folder) == []


def usage(program):
    for args in (["--inspect"], ["--port"], ["--port", "x"], ["--port", "65536"], ["--workers", "0"], ["more"]):
        assert subprocess.run([program, *args], capture_output=True, text=True).returncode == 2, args
    assert subprocess.run([program, "--help"], capture_output=True, text=True).stdout.startswith("usage: ")


def main():
    program = sys.argv[1]
    usage(program)
    with running(program) as (p, port):
        pages(port)
        tasks(port)
        hedging(port)
        overload(port)
        p.send_signal(signal.SIGTERM)
        assert ended(p) == (0, "draining\ndone\n")
    inspected(program)
    for number in (signal.SIGTERM, signal.SIGINT):
        drain(program, number)


if __name__ == "__main__":
    main()
