#!/usr/bin/env python3
"""echo_server: many clients at once get back what they send; one that resets disturbs nobody; how it ends.

usage: echo_server_check.py PATH/TO/echo_server
"""
import re
import socket
import struct
import subprocess
import sys

TIMEOUT = 120  # of anything; nothing here comes near it
CLIENTS = 50


def start(program):
    server = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = server.stdout.readline()
    where = re.fullmatch(r"echoing at (.*):(\d+)\n", said)
    if not where:
        server.kill()
        raise AssertionError(said + server.communicate()[1])
    return server, (where[1], int(where[2]))


def answer(client, size):
    got = b""
    while len(got) < size and (some := client.recv(65536)):
        got += some
    return got


def ends(server):
    """What it has said; it was told to end."""
    out, errors = server.communicate(timeout=TIMEOUT)
    assert server.returncode == 0 and out == "done\n", (server.returncode, out, errors)
    return errors


def main():
    program = sys.argv[1]
    server, where = start(program)
    try:
        clients = [socket.create_connection(where, TIMEOUT) for _ in range(CLIENTS)]
        texts = [bytes([i]) * (1000 * i + 1) for i in range(CLIENTS)]
        for _ in range(3):
            for client, text in zip(clients, texts):
                client.sendall(text)
            for client, text in zip(clients, texts):
                assert answer(client, len(text)) == text
        reset = clients.pop()
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
        server.terminate()
        for client in clients:  # it was connected in time
            client.sendall(b"last")
            client.shutdown(socket.SHUT_WR)
        assert all(answer(client, 4) == b"last" for client in clients)
        assert "a client: " in ends(server)

        server, where = start(program)
        silent = socket.create_connection(where, TIMEOUT)
        silent.sendall(b"x")
        assert answer(silent, 1) == b"x"
        server.terminate()
        assert ends(server) == ""
        assert answer(silent, 1) == b""
    finally:
        server.kill()
        server.wait()

    for wrong in (["65536"], ["x"], [""], ["1", "2"]):
        assert subprocess.run([program, *wrong], capture_output=True, timeout=TIMEOUT).returncode == 2, wrong
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        failed = subprocess.run([program, str(taken.getsockname()[1])], capture_output=True, text=True, timeout=TIMEOUT)
        assert failed.returncode == 1 and failed.stderr.startswith("echo_server: "), (failed.returncode, failed.stderr)


if __name__ == "__main__":
    main()
