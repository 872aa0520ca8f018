#!/usr/bin/env python3
"""jobs: workers are killed, stopped, held up, told to end; every job is done, and has had its effect once.

usage: jobs_check.py PATH/TO/jobs
"""
import os
import re
import signal
import subprocess
import sys

from postgres_server import TIMEOUT, Server, wait_until


class Jobs:
    def __init__(self, program, server):
        self.program, self.server, self.workers = program, server, []
        self.dsn = server.dsn + " options='-c idle_in_transaction_session_timeout=1000'"  # a worker may be held up in a transaction

    def run(self, *args):
        return subprocess.run([self.program, *args, "--dsn", self.dsn], capture_output=True, text=True, timeout=TIMEOUT)

    def do(self, *args):
        r = self.run(*args)
        assert r.returncode == 0 and not r.stderr, (args, r)
        return r.stdout

    def status(self):
        return {name: int(n) for name, n in re.findall(r"^(\w+) (\d+)$", self.do("status"), re.M)}

    def work(self, *more):
        args = [self.program, "work", "--dsn", self.dsn, "--lease", "1000", "--poll", "50", "--pause", "1", *more]
        p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.workers.append(p)
        assert p.stdout.readline() == "working\n", p.communicate()
        return p

    def running(self, worker):
        """How many jobs it has leased."""
        return int(self.server.ask(f"select count(*) from weft_job where state = 'running' and worker like '%:{worker.pid}'")[0])

    def hold_up(self, worker, true):
        """Stops the process at a moment when that is so."""
        def caught():
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
            return true()
        wait_until(caught)

    def stop(self, worker, number):
        """Drained: what it said."""
        worker.send_signal(number)
        out, errors = worker.communicate(timeout=TIMEOUT)
        m = re.fullmatch(r"draining\ndone (\d+), put off (\d+), failed (\d+), given back (\d+), lost (\d+)\n", out)
        assert worker.returncode == 0 and m, (worker.returncode, out, errors)
        assert self.running(worker) == 0
        return dict(zip(("done", "put off", "failed", "given back", "lost"), map(int, m.groups())))

    def finished(self, done, failed=0):
        wait_until(lambda: self.status() == {"waiting": 0, "running": 0, "done": done, "failed": failed, "effects": done})
        assert self.server.ask("select job from weft_job_effect group by job having count(*) > 1") == []
        assert self.server.ask("select count(*) from weft_job_effect e join weft_job j on j.id = e.job where j.state = 'done'") == [str(done)]


def bell(jobs):
    """Nobody has to wait for the next poll, which is far."""
    w = jobs.work("--poll", "86400000")
    for n in (1, 2):
        jobs.do("add", "1", "--takes", "0")
        jobs.finished(n)
    assert jobs.stop(w, signal.SIGINT)["done"] == 2
    return 2


def failures(jobs, done):
    jobs.do("add", "3", "--takes", "0", "--failing", "1")
    w = jobs.work("--attempts", "3")
    jobs.finished(done, failed=3)
    r = jobs.stop(w, signal.SIGTERM)
    assert (r["put off"], r["failed"]) == (6, 3), r
    assert jobs.server.ask("select distinct attempt, error from weft_job where state = 'failed'") == ["3|it is one of those that fail"]
    jobs.server.ask("delete from weft_job where state = 'failed'")


def drained(jobs, done):
    """What has begun is finished, the rest goes back."""
    jobs.do("add", "8", "--takes", "1500")
    w = jobs.work("--parallel", "2", "--lease", "600000")
    wait_until(lambda: jobs.running(w))
    r = jobs.stop(w, signal.SIGTERM)
    assert r["given back"] > 0 and r["done"] + r["given back"] == 8, r
    assert jobs.status() == {"waiting": r["given back"], "running": 0, "done": done + r["done"], "failed": 0, "effects": done + r["done"]}
    assert jobs.server.ask("select count(*) from weft_job where state = 'waiting' and attempt <> 0") == ["0"]


def broken(jobs):
    """What no patience helps against ends a worker, whatever it has running."""
    jobs.do("add", "1", "--takes", "86400000")
    w = jobs.work()
    wait_until(lambda: jobs.running(w))
    jobs.server.ask("alter table weft_job rename to elsewhere")
    out, errors = w.communicate(timeout=TIMEOUT)
    assert w.returncode == 1 and not out and errors.splitlines()[-1] == 'jobs: relation "weft_job" does not exist', (w.returncode, out, errors)
    jobs.server.ask("alter table elsewhere rename to weft_job")
    jobs.server.ask("delete from weft_job where takes_ms = 86400000")


def held_up(jobs, done):
    """In a transaction, even: the server does not let it keep its locks, others do its jobs, and what it thinks of them is not heard."""
    jobs.do("add", "1000", "--takes", "1")
    w = jobs.work("--attempts", "1000")
    jobs.hold_up(w, lambda: jobs.server.ask("select pid from pg_stat_activity where state = 'idle in transaction' and query like 'update%'"))
    other = jobs.work("--attempts", "1000")
    jobs.finished(done + 1000)
    w.send_signal(signal.SIGCONT)
    assert jobs.stop(w, signal.SIGTERM)["lost"] > 0
    jobs.stop(other, signal.SIGTERM)
    jobs.finished(done + 1000)
    return done + 1000


def upheaval(jobs, done):
    """Many jobs, some of which (those given back) take longer than a lease, while workers and the server come and go."""
    jobs.do("add", "400", "--takes", "20")
    often = ("--parallel", "4", "--batch", "4", "--attempts", "1000")
    killed, stopped, steady = (jobs.work(*often) for _ in range(3))
    jobs.hold_up(killed, lambda: jobs.running(killed))
    killed.kill()
    killed.wait()
    jobs.stop(stopped, signal.SIGTERM)
    again = jobs.work(*often)
    jobs.server.kill()
    jobs.server.start()
    jobs.finished(done + 408)
    for w in (steady, again):
        jobs.stop(w, signal.SIGTERM)


def usage(jobs):
    for args in ([], ["more"], ["add"], ["add", "0"], ["add", "x"], ["add", "1", "--lease", "1000"], ["work", "--lease", "0"], ["status", "--dsn"],
                 ["init", "--takes", "1"]):
        r = subprocess.run([jobs.program, *args], capture_output=True, text=True, timeout=TIMEOUT)
        assert r.returncode == 2 and r.stderr.startswith("usage: ") and not r.stdout, (args, r)
    for command in ("init", "status", "work"):
        r = subprocess.run([jobs.program, command, "--dsn", "host=/nowhere"], capture_output=True, text=True, timeout=TIMEOUT)
        assert r.returncode == 1 and r.stderr.startswith("jobs: ") and not r.stdout, (command, r)
    r = jobs.run("status")
    assert r.returncode == 1 and '"weft_job" does not exist' in r.stderr, r
    assert subprocess.run([jobs.program, "--help"], capture_output=True, text=True).stdout.startswith("usage: ")


def main():
    with Server() as server:
        jobs = Jobs(sys.argv[1], server)
        try:
            usage(jobs)
            for _ in range(2):
                jobs.do("init")
            done = bell(jobs)
            failures(jobs, done)
            broken(jobs)
            done = held_up(jobs, done)
            drained(jobs, done)
            upheaval(jobs, done)
        finally:
            for w in jobs.workers:
                w.kill()
                w.communicate()


if __name__ == "__main__":
    main()
