#!/usr/bin/env python3
"""drive: loads the service that lies beside it; what it prints in the end, and what it says without a service.

usage: drive_check.py PATH/TO/drive
"""
import pathlib
import re
import socket
import subprocess
import sys

TIMEOUT = 120  # of anything; nothing here comes near it


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)


def main():
    drive = pathlib.Path(sys.argv[1])
    service = subprocess.Popen([drive.with_name("service")], stdout=subprocess.PIPE, text=True)
    try:
        where = re.fullmatch(r"serving at (.*)\n", service.stdout.readline()).group(1)
        for costly, shown in (("all", {"20 ms of CPU", "slow service behind"}), ("hogs", {"20 ms of CPU"})):
            r = run(drive, where, "--seconds", "2", "--rate", "200", "--connections", "20", "--costly", costly)
            assert r.returncode == 0, (r.stdout, r.stderr)
            rows = {name: int(n) for name, n in re.findall(r"^(\S.*?) {2,}(\d+)(?: +\d+\.\d\d){4}$", r.stdout, re.M)}
            assert all(rows[name] > 0 for name in {"cheap, alone", "cheap, beside the others"} | shown), r.stdout
            assert costly == "all" or set(rows) == {"cheap, alone", "cheap, beside the others"} | shown, r.stdout
            assert "failed: 0\n" in r.stdout, r.stdout
        service.terminate()
        assert service.wait(TIMEOUT) == 0
    finally:
        service.kill()
        service.wait()

    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        r = run(drive, "127.0.0.1:%d" % nobody.getsockname()[1])
    assert r.returncode == 1 and r.stderr.startswith("drive: "), (r.returncode, r.stderr)
    for args in ([], ["127.0.0.1:1", "--rate"], ["127.0.0.1:1", "--rate", "0"], ["127.0.0.1:1", "--more", "1"], ["127.0.0.1:1", "--costly", "cheap"]):
        assert run(drive, *args).returncode == 2, args
    assert run(drive, "nowhere").returncode == 1
    assert run(drive, "--help").stdout.startswith("usage: ")


if __name__ == "__main__":
    main()
