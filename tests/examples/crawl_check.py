#!/usr/bin/env python3
"""crawl: every page of a site once, what fails is told, not more at once than asked for, Ctrl-C. Served by nginx if there is one.

usage: crawl_check.py PATH/TO/crawl
"""
import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

TIMEOUT = 120  # of anything; nothing here comes near it
PAGES = 300
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")  # not on everybody's path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def crawl(program, *args):
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=TIMEOUT)


class Account:
    """What crawl says."""

    def __init__(self, r):
        self.text = r.stdout + r.stderr
        self.pages = {where: (int(status), int(size)) for status, size, where in re.findall(r"^(\d{3}) +(\d+) B +[\d.]+ ms  (\S+)$", r.stdout, re.M)}
        self.failures = dict(re.findall(r"^crawl: (\S+): (.*)$", r.stderr, re.M))
        totals = re.search(r"^pages (\d+), redirections (\d+), failures (\d+), bytes (\d+), in [\d.]+ s$", r.stdout, re.M)
        assert totals, self.text
        self.totals = tuple(map(int, totals.groups()))
        got = sum(status // 100 == 2 for status, _ in self.pages.values())
        assert self.totals[:3] == (got, len(self.pages) - got, len(self.failures)), self.text


# ---- a site of files ----

def build_site(root, elsewhere):
    """Returns what is to be asked for, and of that what fails."""
    def write(path, text):
        os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
        with open(f"{root}/{path}", "w", encoding="utf-8") as f:
            f.write(text)
    wanted = {"/", "/folder", "/folder/", "/a/b/page.html", "/a/up.html", "/a/b/page.html?query=1&more=2", "/a/b/deep.html?x", "/a%20name.html",
              "/based/one.html", "/nowhere.html", "/picture.bin", "/text.txt", "/upper.html", "/bare.html", "/late.html", "/%C3%A4.html"}
    numbered = [f"/n/{i}.html" for i in range(PAGES)]
    wanted.update(numbered)
    write("index.html", f"""<!DOCTYPE html><html><head><title>x</title></head><body class="a > b" data-href="/wrong1.html">
      <!-- <a href="/wrong2.html"> --><script>s = '<a href="/wrong3.html">';</script><STYLE><a href="/wrong4.html"></STYLE>
      <a href="n/0.html">cycle</a> <a href="#here">here</a> <a href="">self</a> <a href="/folder">redirected</a>
      <a href="{elsewhere}/other.html">other port</a> <a href="https://localhost/">https</a> <a href="mailto:a@b">mail</a>
      <a href="//other.invalid/x.html">other host</a> <a href='a/b/./page.html'>single</a> <a href=bare.html>bare</a>
      <A class=x HREF = "UPPER.html">case of the path counts</A> <a href="upper.html">upper</a> <a href="nowhere.html">broken</a>
      <a href=" a name.html
      ">blanks</a> <a href="ä.html">umlaut</a> <a href="picture.bin">picture</a> <a href="text.txt#part">text</a>
      <a href="http://user@127.0.0.1/wrong5.html">user</a> <a href="javascript:go()">script</a> 1 < 2 <3 </a href="/wrong6.html"><a
      href="late.html"/>""")
    wanted.add("/UPPER.html")
    write("a/b/page.html", """<a href="../up.html"> <a href="../../../../n/1.html"> <a href="?query=1&amp;more=2"> <a href="deep.html&#63;x">
                              <a href="/../a/./b/../../index/../n/2.html"><base href="/based/"><a href="one.html"><base href="/wrong/">""")
    write("a/up.html", "<p>nothing</p>")
    write("a/b/deep.html", "<p>nothing</p>")
    write("a name.html", "<p>nothing</p>")
    write("ä.html", "<p>nothing</p>")
    write("based/one.html", "<a href='")
    write("folder/index.html", "<a href='/'>back</a>")
    write("picture.bin", "<a href='/wrong7.html'>")
    write("text.txt", "<a href='/wrong8.html'>")
    for name in ("upper.html", "bare.html", "late.html"):
        write(name, "<")
    for i in range(PAGES):  # a tree, with links back, forth and to itself
        links = {(2 * i + 1) % PAGES, (2 * i + 2) % PAGES, i, (i * 7) % PAGES, 0}
        write(f"n/{i}.html", "".join(f'<a href="{j}.html">' for j in links) + f"<a href='/n/{i}.html#x'><a href='../index/../'>" + "x" * i)
    return wanted, {"/nowhere.html", "/UPPER.html"}


@contextlib.contextmanager
def nginx(root, folder):
    """Yields its port, and a function that gives the targets it was asked for."""
    log = f"{folder}/access.log"
    for _ in range(10):  # another process may be faster to the port
        port = free_port()
        with open(f"{folder}/nginx.conf", "w") as f:
            f.write(f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
                events {{}}
                http {{
                  types {{ text/html html; text/plain txt; }}
                  default_type application/octet-stream;
                  log_format target '$request_uri'; access_log {log} target;
                  {"".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
                  server {{ listen 127.0.0.1:{port}; root {root}; }}
                }}""")
        p = subprocess.Popen([NGINX, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
        try:
            wait_until(lambda: p.poll() is not None or os.path.exists(f"{folder}/pid") and is_open(port))
            if p.poll() is not None:
                continue

            def asked():
                p.terminate()  # it closes its log
                p.wait(TIMEOUT)
                with open(log) as f:
                    return f.read().split()
            yield port, asked
            return
        finally:
            p.kill()
            p.wait()
    raise AssertionError("nginx does not start")


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_):  # clients may go away
            pass
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def python_instead(root, _):
    seen, lock = [], threading.Lock()

    class Files(Quiet):
        def __init__(self, *args):
            super().__init__(*args, directory=root)

        def do_GET(self):
            with lock:
                seen.append(self.path)
            super().do_GET()
    with serving(Files) as port:
        yield port, lambda: seen


def site(program):
    with tempfile.TemporaryDirectory() as folder, serving(Quiet) as other:
        os.chmod(folder, 0o755)
        root = f"{folder}/site"
        wanted, failing = build_site(root, f"http://127.0.0.1:{other}")
        print("served by", NGINX or "Python")
        with (nginx if NGINX else python_instead)(root, folder) as (port, asked):
            at = f"http://127.0.0.1:{port}"
            r = crawl(program, f"HTTP://127.0.0.1:{port}/x/../#top")
            few = crawl(program, "--most", "7", at)
            seen = asked()
        assert r.returncode == 0 and few.returncode == 0, (r, few)
        a = Account(r)
        assert {w.removeprefix(at) for w in a.pages.keys() | a.failures.keys()} == wanted, set(a.pages) ^ {at + w for w in wanted}
        assert {w.removeprefix(at) for w in a.failures} == failing and all(e.startswith("404") for e in a.failures.values()), a.failures
        assert a.pages[at + "/folder"][0] == 301
        size = os.path.getsize(f"{root}/n/200.html")
        assert a.pages[at + "/n/200.html"] == (200, size)
        assert sorted(seen[:len(wanted)]) == sorted(wanted), "each once, and nothing else"
        assert len(seen) == len(wanted) + 7 and sum(Account(few).totals[:3]) == 7 and "there are more\n" in few.stdout, few


# ---- a server that has moods ----

class Moody(Quiet):
    waiting, released = threading.Event(), threading.Event()

    def do_GET(self):
        if self.path == "/":
            return self.page("".join(f"<a href='{name}'>" for name in ("never", "reset", "half", "odd", "away", "loop", "fine")))
        if self.path == "/fine":
            return self.page("fine")
        if self.path == "/never":
            self.waiting.set()
            self.released.wait(TIMEOUT)
        elif self.path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif self.path == "/half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif self.path == "/odd":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
        elif self.path in ("/away", "/loop"):
            self.send_response(302)
            self.send_header("Location", "http://other.invalid/" if self.path == "/away" else "/loop")
            self.send_header("Content-Length", "0")
            self.end_headers()
        self.close_connection = True

    def page(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "Text/HTML; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


def moods(program):
    with serving(Moody) as port:
        at = f"http://localhost:{port}"  # a name
        r = crawl(program, "--time-out", "5", at)
        a = Account(r)
        assert r.returncode == 0 and {w.removeprefix(at) for w in a.failures} == {"/never", "/reset", "/half", "/odd"}, a.text
        assert a.failures[at + "/never"] == "no answer in time", a.failures
        assert {w.removeprefix(at): s for w, (s, _) in a.pages.items()} == {"/": 200, "/fine": 200, "/away": 302, "/loop": 302}, a.text

        Moody.waiting.clear()
        with subprocess.Popen([program, "--time-out", "3600", at], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
            try:
                assert Moody.waiting.wait(TIMEOUT)
                p.send_signal(signal.SIGINT)
                out, err = p.communicate(timeout=TIMEOUT)
            finally:
                p.kill()
        assert p.returncode == 1 and "interrupted\npages " in out, (p.returncode, out, err)
        Moody.released.set()


class Counting(Moody):
    """Answers to so many at once, or never."""
    bound = 7
    here = threading.Condition()
    running = most = 0

    def do_GET(self):
        if self.path == "/":
            return self.page("".join(f"<a href='{i}'>" for i in range(60)))
        cls = type(self)
        with self.here:
            cls.running += 1
            cls.most = max(cls.most, cls.running)
            self.here.notify_all()
            self.here.wait_for(lambda: cls.most >= self.bound, TIMEOUT)
            cls.running -= 1  # before the answer: behind it comes the next request
        self.page("fine")


def at_once(program):
    with serving(Counting) as port:
        r = crawl(program, "--at-once", str(Counting.bound), "--time-out", "3600", f"http://127.0.0.1:{port}/")
    assert r.returncode == 0 and Account(r).totals[:3] == (61, 0, 0) and Counting.most == Counting.bound, (r, Counting.most)


def usage(program):
    for args in ([], ["x"], ["https://localhost/"], ["http://"], ["http://a:0/"], ["http://a:65536/"], ["http://a b/"], ["http://u@a/"], ["http://[::1/"],
                 ["--most", "0", "http://a/"], ["--most", "http://a/"], ["--more", "1", "http://a/"], ["http://a/", "http://b/"]):
        assert crawl(program, *args).returncode == 2, args
    assert crawl(program, "--help").stdout.startswith("usage: ")
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        r = crawl(program, "http://127.0.0.1:%d/" % nobody.getsockname()[1])
    assert r.returncode == 1 and r.stderr.startswith("crawl: ") and "refused" in r.stderr, r


def main():
    program = sys.argv[1]
    usage(program)
    site(program)
    moods(program)
    at_once(program)


if __name__ == "__main__":
    main()
