#!/usr/bin/env python3
"""wordfreq's counts against those of a plain single-threaded script, over a tree with all that can go wrong.

usage: wordfreq_check.py PATH/TO/wordfreq             builds the tree and checks it
       wordfreq_check.py PATH/TO/wordfreq DIR...      checks these directories instead
"""
import collections
import ctypes
import gzip
import heapq
import itertools
import os
import pty
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zlib

MAX_WORD = 255
WORD = re.compile(rb"[a-z]+")


# ---- the reference: each file whole, one after the other ----

class z_stream(ctypes.Structure):
    _fields_ = [("next_in", ctypes.c_char_p), ("avail_in", ctypes.c_uint), ("total_in", ctypes.c_ulong),
                ("next_out", ctypes.c_void_p), ("avail_out", ctypes.c_uint), ("total_out", ctypes.c_ulong),
                ("msg", ctypes.c_char_p), ("state", ctypes.c_void_p), ("zalloc", ctypes.c_void_p),
                ("zfree", ctypes.c_void_p), ("opaque", ctypes.c_void_p), ("data_type", ctypes.c_int),
                ("adler", ctypes.c_ulong), ("reserved", ctypes.c_ulong)]


def inflate_broken(raw):
    """All the text before the fault. Not by the module zlib: it drops what a call gave before its error."""
    libz, out = ctypes.CDLL("libz.so.1"), b""
    buffer = ctypes.create_string_buffer(1 << 24)
    while raw:
        z = z_stream(next_in=raw, avail_in=len(raw), next_out=ctypes.addressof(buffer), avail_out=len(buffer))
        assert libz.inflateInit2_(ctypes.byref(z), 31, libz_version(libz), ctypes.sizeof(z)) == 0
        end = libz.inflate(ctypes.byref(z), 0)
        assert z.avail_out, "a broken file with more text than the buffer holds"
        out += buffer.raw[:z.total_out]
        raw = raw[z.total_in:].lstrip(b"\0")
        libz.inflateEnd(ctypes.byref(z))
        if end != 1:  # not Z_STREAM_END
            break
    return out


def libz_version(libz):
    libz.zlibVersion.restype = ctypes.c_char_p
    return libz.zlibVersion()


def text_of(path):
    """(raw bytes, text, whether it is broken)"""
    with open(path, "rb") as f:
        raw = f.read()
    if not path.endswith(".gz"):
        return raw, raw, False
    try:
        return raw, gzip.decompress(raw), False
    except (OSError, EOFError, zlib.error):
        return raw, inflate_broken(raw), True


def regular_files(root, on_error):
    for folder, _, names in os.walk(root, onerror=lambda e: on_error(e.filename)):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def reference(roots):
    counts, failed, seen = collections.Counter(), set(), set()
    files = raw_bytes = text_bytes = 0
    for root in roots:
        for path in regular_files(root, failed.add):
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            try:
                raw, text, broken = text_of(path)
            except OSError:
                failed.add(path)
                continue
            if broken:
                failed.add(path)
            files += 1
            raw_bytes += len(raw)
            text_bytes += len(text)
            counts.update(w[:MAX_WORD] for w in WORD.findall(text.lower()))
    top = heapq.nsmallest(20, counts.items(), key=lambda c: (-c[1], c[0]))
    return {"top": [(n, w.decode()) for w, n in top], "files": files, "failed": failed, "raw": raw_bytes,
            "text": text_bytes, "words": sum(counts.values()), "distinct": len(counts)}


# ---- wordfreq's own account ----

def run(program, *args, **more):
    return subprocess.run([program, *args], capture_output=True, text=True, errors="surrogateescape", **more)


def measured(program, *args):
    p = run(program, *args)
    assert p.returncode == 0, f"exit code {p.returncode}\n{p.stderr}"
    def numbers(name):
        line = re.search(rf"^{name}\s+(.*)$", p.stdout, re.M)
        assert line, f"no line '{name}' in:\n{p.stdout}"
        return [int(n) for n in re.findall(r"\b\d+\b(?!\.)", line.group(1))]
    files, failed = numbers("files")
    raw, text = numbers("bytes")
    words, distinct = numbers("words")
    named = [re.match(r"wordfreq: (.*): [^:]+$", line).group(1) for line in p.stderr.splitlines()]
    assert len(named) == len(set(named)) == failed, f"failed {failed}, but named:\n{p.stderr}"
    peak = float(re.search(r"^memory\s+([\d.]+) MiB", p.stdout, re.M).group(1))
    spilled = int(re.search(r"(\d+) spills", p.stdout).group(1))
    assert re.search(r"^runtime\s+\d+ workers, \d+ tasks, \d+ steals, \d+ parks$", p.stdout, re.M), p.stdout
    top = [(int(n), w) for n, w in re.findall(r"^ *(\d+) ([a-z]+)$", p.stdout, re.M)]
    return {"top": top, "files": files, "failed": set(named), "raw": raw, "text": text, "words": words,
            "distinct": distinct}, peak, spilled


def same(program, expected, *args):
    got, peak, spilled = measured(program, *args)
    for key, value in expected.items():
        assert got[key] == value, f"{args}: {key} is\n{got[key]}\nnot\n{value}"
    if not sanitized(program):
        assert peak <= 64, f"{args}: {peak} MiB"
    return spilled


def sanitized(program):
    with open(program, "rb") as f:
        image = f.read()
    return b"__asan_init" in image or b"__tsan_init" in image


# ---- the trees ----

def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def build_tree(top):
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzABC"
    vocabulary = ["".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(5000)]
    def prose(words):
        separators = [" ", "\n", ", ", "-", "9", "\0", "é", "@", "[", "`", "{"]  # also neighbours of a and z
        return "".join(w + rng.choice(separators) for w in rng.choices(vocabulary, k=words)).encode()

    for i in range(300):  # small ones, many to a read
        write(f"{top}/small/{i % 7}/{i}.txt", prose(rng.randint(0, 300)))
    write(f"{top}/empty", b"")
    write(f"{top}/empty.gz", b"")
    write(f"{top}/no-letters", bytes(range(128, 256)) * 500)
    write(f"{top}/ends-in-a-word", b"last")
    write(f"{top}/starts-in-a-word", b"first")
    write(f"{top}/name with spaces: and colon", b"spaced\n")
    for length in (254, 255, 256, 1 << 20):  # beyond every buffer
        write(f"{top}/monster/{length}", b"m" * length + b" after")
    large = prose(150_000) * 10  # beyond two slices
    write(f"{top}/large", large)
    write(f"{top}/large-words", (b"x" * 300_000 + b" ") * 30)  # words across the borders of slices

    write(f"{top}/gz/plain.gz", gzip.compress(prose(50_000)))
    write(f"{top}/gz/members.gz", b"".join(gzip.compress(prose(n)) for n in (1, 3000, 0, 70)))
    write(f"{top}/gz/joined.gz", gzip.compress(b"one wo") + gzip.compress(b"rd here"))
    write(f"{top}/gz/padded.gz", gzip.compress(b"padded") + b"\0" * 512)
    write(f"{top}/gz/bomb.gz", gzip.compress(b"bomb " * 2_000_000))
    write(f"{top}/gz/large.gz", gzip.compress(large[:3_000_000], 1))
    good = gzip.compress(prose(20_000))
    write(f"{top}/broken/truncated.gz", good[:len(good) // 2])
    write(f"{top}/broken/no-trailer.gz", good[:-3])
    write(f"{top}/broken/header-only.gz", good[:7])
    write(f"{top}/broken/checksum.gz", good[:-8] + b"wxyz" + good[-4:])
    write(f"{top}/broken/garbage-after.gz", good + b"garbage after the end")
    write(f"{top}/broken/not-gzip.gz", b"these words are in no gzip stream")
    for i in range(20):
        hurt = bytearray(good)
        hurt[rng.randrange(10, len(hurt))] ^= 1 << rng.randrange(8)
        write(f"{top}/broken/hurt-{i}.gz", bytes(hurt))

    write(f"{top}/unreadable/file", b"nobody sees this")
    write(f"{top}/unreadable/folder/file", b"nor this")
    os.chmod(f"{top}/unreadable/file", 0)
    os.chmod(f"{top}/unreadable/folder", 0)
    os.symlink("..", f"{top}/small/loop")
    os.symlink("large", f"{top}/link-to-file")
    os.symlink("missing", f"{top}/dangling")
    os.symlink("self", f"{top}/self")
    os.mkfifo(f"{top}/pipe")
    deep = top
    for _ in range(60):
        deep += "/deep"
    write(f"{deep}/bottom", b"bottom of it")


def many_words(n):
    """n different words of five letters, so many that wordfreq must go to disk."""
    letters = itertools.product(b"etaoinshrdlucmfwypvbgkjqxz", repeat=5)
    return [bytes(word) for word in itertools.islice(letters, n)]


# ---- the checks ----

def check_counts(program, top):
    expected = reference([top])
    assert expected["failed"] >= {f"{top}/broken/truncated.gz", f"{top}/broken/not-gzip.gz"}
    for workers in ("1", "2", "4", "40"):
        same(program, expected, "--workers", workers, top)
    same(program, expected, top)
    # The same path twice, a tree inside another, and links to both: each file once.
    os.symlink("small", f"{top}/second-name")
    same(program, expected, f"{top}/small", top, top, f"{top}/gz/", f"{top}/second-name",
         f"{top}/gz/../small")
    # A root that is a link is followed.
    same(program, reference([f"{top}/second-name"]), f"{top}/second-name")
    # A missing root is named, the others are counted.
    p = run(program, f"{top}/missing", f"{top}/small", "--top", "3")
    assert p.returncode == 0 and f"{top}/missing: " in p.stderr, p
    assert len(re.findall(r"^ *\d+ [a-z]+$", p.stdout, re.M)) == 3, p.stdout


def check_spill(program, top):
    words = many_words(900_000)
    for i in range(10):
        write(f"{top}/{i}", b" ".join(words[i::10]) + b" ")
    for i in range(30):
        write(f"{top}/more-{i}", b"\n".join(words[:30 - i]))
    expected = reference([top])
    for workers in ("2", "40"):
        assert same(program, expected, "--workers", workers, top) > 0, "nothing was spilled"


def check_usage(program, top):
    os.makedirs(f"{top}/nothing")
    for args in ([], ["--workers"], ["--workers", "0", top], ["--workers", "129", top],
                 ["--workers", "2x", top], ["--top", "-1", top], ["--no-such-option", top],
                 ["--timeout", "0", top], ["--timeout", "2x", top], ["--timeout", "nan", top], ["--timeout"]):
        p = run(program, *args)
        assert p.returncode == 2 and p.stderr.startswith("usage: ") and not p.stdout, (args, p)
    p = run(program, "--help")
    assert p.returncode == 0 and p.stdout.startswith("usage: ") and not p.stderr, p
    p = run(program, f"{top}/missing", f"{top}/missing-too")
    assert p.returncode == 1 and "none of the directories" in p.stderr and not p.stdout, p
    p = run(program, f"{top}/nothing")
    assert p.returncode == 0 and "files    0, failed 0" in p.stdout, p


def check_terminal(program, top):
    """With a terminal as stderr there is a progress line, and it is gone at the end."""
    screen, terminal = pty.openpty()
    with subprocess.Popen([program, top], stdout=subprocess.PIPE, stderr=terminal) as p:
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(screen, 4096):
                shown += piece
        except OSError:  # the other end is closed
            pass
        out = p.stdout.read()
    os.close(screen)
    assert p.returncode == 0 and b"words" in out, (p.returncode, out, shown)
    assert shown.endswith(b"\r\x1b[K"), shown


def endless_tree(top):
    """Some text, and a file of zeros that takes hours."""
    write(f"{top}/a/text", b"so far so good " * 1000)
    write(f"{top}/b/text.gz", gzip.compress(b"so be it " * 1000))
    expected = reference([top])
    with open(f"{top}/endless", "wb") as f:
        f.truncate(1 << 40)
    return expected


def counted(out):
    return [(int(n), w) for n, w in re.findall(r"^ *(\d+) ([a-z]+)$", out, re.M)]


def check_interrupt(program, top):
    """Ctrl-C, once all the text has been counted: all of it is printed."""
    expected = endless_tree(top)
    for workers in ("1", "2", "40"):
        screen, terminal = pty.openpty()
        with subprocess.Popen([program, "--workers", workers, top], stdout=subprocess.PIPE, stderr=terminal) as p:
            os.close(terminal)
            shown = b""
            while b" %d words" % expected["words"] not in shown:
                shown += os.read(screen, 4096)
            p.send_signal(signal.SIGINT)
            try:
                while piece := os.read(screen, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
            out = p.stdout.read().decode()
        os.close(screen)
        assert p.returncode == 130 and b"interrupted" in shown, (p.returncode, out, shown)
        assert counted(out) == expected["top"] and f"words    {expected['words']}, " in out, out


def check_timeout(program, top):
    expected = endless_tree(top)
    for seconds in ("0.000001", "0.2"):
        p = run(program, "--timeout", seconds, top)
        assert p.returncode == 124 and "out of time" in p.stderr, p
        assert set(w for _, w in counted(p.stdout)) <= set(w for _, w in expected["top"]), p
        assert int(re.search(r"^words +(\d+)", p.stdout, re.M).group(1)) <= expected["words"], p
    p = run(program, "--timeout", "3600", f"{top}/a", f"{top}/b")
    assert p.returncode == 0 and counted(p.stdout) == expected["top"], p


def give_up_root(top):
    """To root no file is unreadable."""
    if os.geteuid() == 0:
        try:
            os.chown(top, 65534, 65534)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        except OSError as e:
            print(f"still root, so every file is readable: {e}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    if len(sys.argv) > 2:
        same(program, reference(sys.argv[2:]), *sys.argv[2:])
        print("the same")
        return
    with tempfile.TemporaryDirectory(prefix="wordfreq-") as top:
        program = shutil.copy(program, f"{top}/program")  # a place that nobody can reach
        os.chmod(program, 0o755)
        give_up_root(top)
        try:
            build_tree(f"{top}/tree")
            check_counts(program, f"{top}/tree")
            check_spill(program, f"{top}/spill")
            check_usage(program, f"{top}/usage")
            check_terminal(program, f"{top}/tree")
            check_interrupt(program, f"{top}/interrupt")
            check_timeout(program, f"{top}/timeout")
        finally:
            if os.path.exists(f"{top}/tree/unreadable/folder"):
                os.chmod(f"{top}/tree/unreadable/folder", 0o700)
    print("all the same")


if __name__ == "__main__":
    main()
