#!/usr/bin/env python3
"""redis: all types of replies, a load that outlives two crashes of the server, and ends by signals; servers that misbehave.

usage: redis_check.py PATH/TO/redis
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TIMEOUT = 120  # of anything; nothing here comes near it


def wait_until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


class Server:
    """A redis-server of our own. What it has acknowledged is on disk."""

    def __init__(self, folder):
        self.folder = folder
        for _ in range(10):  # another process may be faster to the port
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]
            if self.start():
                return
        raise AssertionError("redis-server does not start")

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or self.ask("PING") == b"+PONG\r\n")
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def ask(self, command):
        """The reply's bytes; empty: nobody there."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), TIMEOUT) as s:
                s.sendall(command.encode() + b"\r\nQUIT\r\n")
                return s.makefile("rb").read().removesuffix(b"+OK\r\n")
        except OSError:
            return b""

    def counter(self, n):
        reply = self.ask(f"GET weft:counter:{n}").split(b"\r\n")
        return int(reply[1]) if len(reply) > 2 else 0


class Command:
    def __init__(self, program, port):
        self.start = [program, "--port", str(port)]

    def __call__(self, *args):
        return subprocess.run([*self.start, *args], capture_output=True, text=True, timeout=TIMEOUT)

    def shows(self, expected, *args):
        r = self(*args)
        assert (r.returncode, r.stdout, r.stderr) == (0, expected, ""), (args, r)

    def fails(self, reason, *args):
        r = self(*args)
        assert r.returncode == 1 and r.stderr.startswith("redis: ") and reason in r.stderr, (args, r)

    @contextlib.contextmanager
    def running(self, *args):
        p = subprocess.Popen([*self.start, "--patience", str(TIMEOUT), *args], stdout=subprocess.PIPE, text=True)
        try:
            yield p
        finally:
            p.kill()
            p.wait()
            p.stdout.close()


def replies(redis):
    redis.shows('"PONG"\n', "PING")
    redis.shows('"OK"\n', "SET", "key", "line\r\nline")
    redis.shows('"line\nline"\n', "GET", "key")  # Python reads "\r\n" so
    redis.shows('""\n', "GETRANGE", "key", "5", "1")
    redis.shows("nil\n", "GET", "none")
    redis.shows("-7\n", "DECRBY", "number", "7")
    redis.shows("array of 0\n", "LRANGE", "none", "0", "-1")
    redis.shows("nil\n", "BLPOP", "none", "0.01")  # as an array that is not there
    redis.shows('array of 5\n  0: 1\n  1: array of 2\n    0: "x"\n    1: nil\n  2: nil\n  3: "fine"\n  4: error "BAD thing"\n', "EVAL",
                "return {1, {'x', false}, false, redis.status_reply('fine'), redis.error_reply('BAD thing')}", "0")
    redis.fails("ERR unknown command", "NOSUCH")
    redis.fails("WRONGTYPE", "LPUSH", "key", "x")


def load(redis):
    r = redis("--clients", "20", "--commands", "200")
    assert r.returncode == 0 and re.search(r"\b0 answered wrongly$", r.stdout, re.M) and "connections 1\n" in r.stdout, r
    redis.shows("array of 0\n", "KEYS", "weft:*")


def crashes(redis, server):
    """Killed in the middle of a load that does not end by itself, twice."""
    with redis.running("--clients", "50", "--commands", "1000000", "--keep") as p:
        for crash in range(3):
            before = server.counter(0)
            wait_until(lambda: server.counter(0) >= before + 50)
            if crash == 2:
                break
            server.kill()
            assert server.start()
        p.terminate()
        out, _ = p.communicate(timeout=TIMEOUT)
    assert p.returncode == 0, out
    total = {name: int(n) for n, name in re.findall(r"(\d+) (answered wrongly|retried)", out)}
    assert total["answered wrongly"] == 0 and total["retried"] > 0, out
    assert int(re.search(r"^connections (\d+)$", out, re.M).group(1)) >= 3, out
    rows = re.findall(r"^weft:counter:(\d+) (\d+): (\d+) acknowledged, (\d+) unknown$", out, re.M)
    assert len(rows) == 50, out
    for row in rows:
        n, shown, acknowledged, unknown = map(int, row)
        assert server.counter(n) == shown and acknowledged <= shown <= acknowledged + unknown, row


def signals(redis, server):
    for number in (signal.SIGTERM, signal.SIGINT):
        server.ask("FLUSHALL")
        with redis.running("--commands", "1000000") as p:
            wait_until(lambda: server.counter(0) >= 10)
            p.send_signal(number)
            out, _ = p.communicate(timeout=TIMEOUT)
        assert p.returncode == 0 and out.startswith("stopped\n") and "0 answered wrongly" in out, (p.returncode, out)
        redis.shows("array of 0\n", "KEYS", "weft:*")


@contextlib.contextmanager
def answering(*answers):
    """A server that reads a little, sends the next of these, or the last one again, and closes. None: it never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def serve():
            for i in range(1000):
                with contextlib.suppress(OSError):
                    s, _ = listener.accept()
                    answer = answers[min(i, len(answers) - 1)]
                    s.recv(1)
                    if answer is None:
                        kept.append(s)
                        continue
                    with s:
                        for part in answer:
                            s.sendall(part)
                        s.shutdown(socket.SHUT_WR)
                        while s.recv(1000):
                            pass
                    continue
                if listener.fileno() < 0:
                    return
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for s in kept:
                s.close()


def misbehaviour(program):
    def expect(reason, answer, *args):
        with answering(*answer) as port:
            Command(program, port).fails(reason, *args)
    expect("Protocol error", [[b"hello\r\n"]], "PING")
    expect("depth", [[b"*1\r\n" * 20]], "PING")
    expect("too large", [[b"*1000000000\r\n"]], "PING")
    expect("more than 16777216 bytes", [[b"$500000000\r\n"] + [b"x" * (1 << 20)] * 17], "PING")
    expect("connection lost", [[b"$5\r\nhel"]], "PING")
    expect("does not answer", [None], "--patience", "2", "PING")
    expect("ERR max number", [[b"+PONG\r\n"], [b"-ERR max number of clients reached\r\n"]], "--clients", "1")
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        redis = Command(program, nobody.getsockname()[1])
        redis.fails("Connection refused")
        redis.fails("Connection refused", "PING")


def usage(program):
    def run(*args):
        return subprocess.run([program, *args], capture_output=True, text=True, timeout=TIMEOUT)
    for args in ([], ["--port"], ["--port", "0"], ["--port", "65536"], ["--port", "x", "PING"], ["--port", "1", "--more"], ["PING"]):
        assert run(*args).returncode == 2, args
    assert run("--help").stdout.startswith("usage: ")


def main():
    program = sys.argv[1]
    usage(program)
    misbehaviour(program)
    if shutil.which("redis-server") is None:
        print("skipped: there is no redis-server")
        sys.exit(77)
    memory = "/dev/shm"  # a disk may take long to have each write; what the process has written outlives it here, too
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        server = Server(folder)
        try:
            redis = Command(program, server.port)
            replies(redis)
            load(redis)
            crashes(redis, server)
            signals(redis, server)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
