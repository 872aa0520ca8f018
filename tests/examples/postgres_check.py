#!/usr/bin/env python3
"""postgres: the sum is conserved, also when the server is killed in the middle, and the program when it is told to end.

usage: postgres_check.py PATH/TO/postgres
"""
import os
import re
import signal
import subprocess
import sys

from postgres_server import TIMEOUT, Server, wait_until

ENDLESS = "1000000000"


def run(program, *args, **more):
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=TIMEOUT, **more)


def figures(out):
    m = re.search(r"^transfers  (\d+) done, (\d+) refused for want of money\n"
                  r"again      (\d+) after conflicts, (\d+) after lost connections\n"
                  r"sum        (-?\d+), at the beginning (\d+)\n(interrupted\n)?\Z", out, re.M)
    assert m, out
    done, refused, conflicts, losses, end, begin = map(int, m.groups()[:6])
    assert end == begin, out
    return done, refused, losses


def entered(server):
    """What the tables say, not the program."""
    count, amount = map(int, server.ask("select count(*), (select sum(balance) from weft_bank_account) from weft_bank_transfer")[0].split("|"))
    return count, amount


def plain(program, server):
    r = run(program, "--dsn", server.dsn, "--transfers", "300", "--accounts", "10")
    assert r.returncode == 0, (r.stdout, r.stderr)
    done, refused, losses = figures(r.stdout)
    assert done + refused == 300 and done > 0 and losses == 0, r.stdout
    assert entered(server) == (done, 10000)
    r = run(program, "--transfers", "0", env={**os.environ, **dict(zip(("PGHOST", "PGUSER", "PGDATABASE"), (server.dir, "test", "postgres")))})
    assert r.returncode == 0 and figures(r.stdout) == (0, 0, 0), (r.stdout, r.stderr)


def load(program, server, *args):
    """The program with transfers on their way, none of which can be committed until the session ends."""
    server.ask("drop table if exists weft_bank_transfer, weft_bank_account")
    session = server.session()
    session.stdin.write(f"""
        set statement_timeout = '{TIMEOUT}s';
        do $$ declare n bigint := 0; begin
          while n < 50 loop
            commit;  -- or it would never hear of the table
            perform pg_sleep(0.001);
            if to_regclass('weft_bank_transfer') is not null then execute 'select count(*) from weft_bank_transfer' into n; end if;
          end loop;
        end $$;
        begin;
        lock table weft_bank_account in access exclusive mode;
        select count(*) from weft_bank_transfer;
        """)
    session.stdin.flush()
    p = subprocess.Popen([program, "--dsn", server.dsn, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return p, session, int(session.stdout.readline())


def blocked(server):
    """How many transfers wait for the lock; the audit may, too."""
    return int(server.ask("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ '^(insert|update) '")[0])


def killed_server(program, server):
    p, _, before = load(program, server, "--transfers", "1500", "--clients", "16")
    try:
        assert before < 1500
        wait_until(lambda: blocked(server))
        server.kill()
        server.start()
        out, errors = p.communicate(timeout=TIMEOUT)
        assert p.returncode == 0, (out, errors)
        done, refused, losses = figures(out)
        assert done + refused == 1500 and losses > 0, out
        assert entered(server) == (done, 20000)
    finally:
        p.kill()
        p.communicate()


def given_up(program, server):
    """The server goes and does not come back: patience ends."""
    p, _, _ = load(program, server, "--transfers", ENDLESS, "--patience", "1", "--clients", "1")
    try:
        server.kill()
        out, errors = p.communicate(timeout=TIMEOUT)
        assert p.returncode == 1 and errors.startswith("postgres: "), (p.returncode, out, errors)
    finally:
        p.kill()
        p.communicate()
    server.start()


def unlock(session):
    session.stdin.write("rollback;\n")
    session.stdin.flush()


def interrupted(program, server, number, at_lock):
    """At any moment; also while they wait for the lock: then the server does not go on waiting for it."""
    p, session, _ = load(program, server, "--transfers", ENDLESS)
    try:
        if not at_lock:
            unlock(session)
        else:
            wait_until(lambda: blocked(server) == 8)  # on all connections: none of them is just about to
        p.send_signal(number)
        if at_lock:
            wait_until(lambda: not blocked(server))
            unlock(session)
        out, errors = p.communicate(timeout=TIMEOUT)
        assert p.returncode == 130 and out.endswith("interrupted\n"), (p.returncode, out, errors)
        done, _, _ = figures(out)
        count, amount = entered(server)
        assert count >= done and amount == 20000, (count, done, amount)
    finally:
        p.kill()
        p.communicate()


def refused(program, server):
    for dsn, says in (("host=%s/nowhere dbname=x" % server.dir, "nowhere"), (server.dsn + " dbname=nosuch", '"nosuch" does not exist'),
                      (server.dsn + " no_such_option=1", "no_such_option"), ("host=127.0.0.1 port=1 dbname=x", "refused")):
        r = run(program, "--dsn", dsn)
        assert r.returncode == 1 and r.stderr.startswith("postgres: ") and says in r.stderr and not r.stdout, (dsn, r)
    for args in (["--dsn"], ["--clients", "0"], ["--clients", "x"], ["--accounts", "1"], ["--more", "1"], ["more"]):
        r = run(program, *args)
        assert r.returncode == 2 and r.stderr.startswith("usage: ") and not r.stdout, (args, r)
    assert run(program, "--help").stdout.startswith("usage: ")


def main():
    program = sys.argv[1]
    with Server() as server:
        refused(program, server)
        plain(program, server)
        killed_server(program, server)
        interrupted(program, server, signal.SIGTERM, at_lock=False)
        interrupted(program, server, signal.SIGINT, at_lock=True)
        given_up(program, server)


if __name__ == "__main__":
    main()
