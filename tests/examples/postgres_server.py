"""A PostgreSQL server of one's own, in a temporary folder, for the checks of the examples that use one."""
import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TIMEOUT = 120  # of anything; nothing here comes near it
PR_SET_PDEATHSIG = 1
prctl = ctypes.CDLL(None).prctl


def wait_until(true):
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, true


def processes():
    """(pid, parent's pid, state) of each."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            state, parent = pathlib.Path(path).read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):  # it has gone
            continue
        yield int(path.split("/")[2]), int(parent), state


class Server:
    """with Server() as s: it runs, and s.dsn says where. Nothing of it is left afterwards."""

    def __init__(self):
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda f: float(f.split("/")[4]))
        if not folders:
            print("skipped: no PostgreSQL server is installed")
            sys.exit(77)
        self.bin = pathlib.Path(folders[-1])
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's name may not be long
        self.dsn = f"host={self.dir} port=5432 user=test dbname=postgres"
        self.as_user = {}
        self.process = None
        self.sessions = []
        if os.geteuid() == 0:  # it refuses to run as root
            user = next(u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody"))
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.dir, user.pw_uid, user.pw_gid)

    def __enter__(self):
        try:
            self.command("initdb", "-D", "data", "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in self.sessions:
            p.kill()
            p.communicate()
        self.kill()
        shutil.rmtree(self.dir)

    def command(self, program, *args):
        r = subprocess.run([self.bin / program, *args], cwd=self.dir, capture_output=True, text=True, timeout=TIMEOUT, **self.as_user)
        assert r.returncode == 0, (program, r.stdout, r.stderr)

    def start(self):
        settings = {"fsync": "off", "listen_addresses": "", "unix_socket_directories": self.dir, "port": 5432, "shared_buffers": "16MB",
                    "max_connections": 60}
        args = [a for name, value in settings.items() for a in ("-c", f"{name}={value}")]
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen([self.bin / "postgres", "-D", "data", *args], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, **self.as_user,
                                            preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGQUIT))  # should this process be killed
        wait_until(self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.dir / "log").read_text()
        return self.psql("select 1").returncode == 0

    def kill(self):
        """SIGKILL to all of its processes."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGSTOP)  # it begins no more of them
        while (children := [pid for pid, parent, state in processes() if parent == self.process.pid and state != "Z"]):
            for pid in children:
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process = None

    def psql(self, sql):
        return subprocess.run([self.bin / "psql", "-XAtqd", self.dsn, "-c", sql], capture_output=True, text=True, timeout=TIMEOUT)

    def ask(self, sql):
        """The rows, fields joined by '|'."""
        r = self.psql(sql)
        assert r.returncode == 0, (sql, r.stderr)
        return r.stdout.splitlines()

    def session(self):
        """A psql that reads from its stdin and stays."""
        p = subprocess.Popen([self.bin / "psql", "-XAtqd", self.dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.sessions.append(p)
        return p
