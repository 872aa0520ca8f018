"""The tasks of a process or core file, as the library's own inspection sees them (runtime/inspection/inspect.cpp). What is `ready` here, woken and
waiting for a worker, is `running` there: only who has stopped all threads can tell."""
import contextlib
import functools
import struct
import time

import gdb

from .layout import c_string, half_word, memory, read_layout, std_string, word


class Fiber:
    def __init__(self, process, at):
        known = process.layout
        self.context, self.current = word(at + known.fiber_context), word(at + known.fiber_current)
        self.waits_for = word(at + known.fiber_waits_for)
        self.parked = word(at + known.parker_word) & known.parked_bit != 0
        self.base = word(at + known.fiber_base)
        self.top = self.base + word(at + known.fiber_size)
        self.sp, self.thread = next(((sp, t) for sp, t in process.threads if self.base <= sp < self.top), (self.context, None))


class Task:
    def __init__(self, process, address, block):
        known = process.layout
        offsets = ("id", "parent", "runtime", "where", "outer", "site", "side", "born")
        values = {name: struct.unpack_from("<Q", block, getattr(known, "core_" + name))[0] for name in offsets}
        self.__dict__.update(values, process=process, layout=known, address=address)
        self.begun = struct.unpack_from("<I", block, known.core_state)[0] == known.state_running

    @functools.cached_property
    def name(self):
        name = std_string(self.side + self.layout.side_name) if self.side and self.layout.string_known else ""
        return name or f"task-{self.id}"

    def __str__(self):
        return f"task '{self.name}' (id {self.id})"

    @functools.cached_property
    def spawned_at(self):
        return self.process.place(self.site) if self.site else ""

    @property
    def age(self):  # ns; None: unknown
        now = self.process.now(self.runtime)
        return None if now is None else now - self.born

    @functools.cached_property
    def is_on_thread(self):  # on a stack of its own thread, which is no worker's
        return self.where != 0 and memory(self.where + self.layout.parker_kind, 1)[0] == self.layout.kind_thread

    @functools.cached_property
    def fiber(self):
        return self.process.fiber(self.where) if self.where and not self.is_on_thread else None

    @functools.cached_property
    def thread(self):  # that its stack is in use by
        if self.is_on_thread:
            lwp = half_word(self.where + self.layout.thread_id)
            return next((t for _, t in self.process.threads if t.ptid[1] == lwp), None)
        return self.fiber.thread if self.fiber else None

    @functools.cached_property
    def state(self):
        if not self.begun:
            return "scheduled"
        if self.is_on_thread:
            return "suspended" if word(self.where + self.layout.parker_word) & self.layout.parked_bit else "running"
        if self.fiber is None:
            return "running"
        if self.fiber.parked or self.fiber.current != self.address:
            return "suspended"
        return "running" if self.fiber.thread else "ready"

    @functools.cached_property
    def doing(self):
        """What it waits for, or where it runs."""
        if self.state == "suspended" and self.fiber:
            if self.fiber.current == self.address:
                return self.process.describe(self.fiber.waits_for)
            return f"{self.process.by_address.get(self.fiber.current, 'a task')}, which runs on its stack"
        return f"on thread {self.thread.num}" if self.thread else ""

    @property
    def status(self):
        return f"{self}, {self.state}{': ' if self.doing else ''}{self.doing}"


class Process:
    """Every task that is not done, at this moment."""

    def __init__(self):
        self.layout = read_layout()
        self.threads = stack_pointers()
        self.fiber = functools.cache(lambda at: Fiber(self, at))
        self.now = functools.cache(self._now)
        self.place = functools.cache(lambda site: f"{c_string(word(site)).rpartition('/')[2]}:{half_word(site + 16)}")
        self.kind_names = functools.cache(lambda kind: c_string(word(self.layout.awaited_names + 8 * kind)))
        self.by_address = {t.address: t for t in self._blocks()}
        self.tasks = sorted(self.by_address.values(), key=lambda t: t.id)

    def _blocks(self):
        known = self.layout
        chunk = word(known.newest_chunk)
        while chunk:
            block, count = word(chunk + known.chunk_block), word(chunk + known.chunk_count)
            first = chunk + known.chunk_first
            data = memory(first, block * count)
            for at in range(0, block * count, block):
                if not data[at + known.core_generation] & 1 or data[at + known.core_kind] in (known.kind_promise, known.kind_callback):
                    continue
                if struct.unpack_from("<I", data, at + known.core_state)[0] in (known.state_queued, known.state_running):
                    task = Task(self, first + at, data[at:at + block])
                    if task.runtime:  # else just being made
                        yield task
            chunk = word(chunk + known.chunk_older)

    def task(self, text):
        for t in self.tasks:
            if str(t.id) == text:
                return t
        raise gdb.GdbError(f"weft: there is no task with the id '{text}'; weft ps lists them")

    def runtime_name(self, runtime):
        return std_string(runtime + self.layout.runtime_name) if self.layout.string_known else f"{runtime:#x}"

    def _now(self, runtime):
        world = word(word(runtime + self.layout.runtime_scheduler) + self.layout.scheduler_world)
        if world:
            return word(world + self.layout.world_now)
        connection = gdb.selected_inferior().connection
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) if connection is not None and connection.type == "native" else None

    def describe(self, awaited):
        known = self.layout
        kind, at = awaited >> known.awaited_shift, awaited & ((1 << known.awaited_shift) - 1)
        if kind == known.awaited_future:
            return str(self.by_address.get(at, self.kind_names(kind)))
        text = self.kind_names(kind) if kind < known.awaited_count else f"what this script does not know ({kind})"
        if at:
            text += f" at {at:#x}"
        if kind in (known.awaited_mutex, known.awaited_shared_mutex):
            held = word(at)  # its first word: the holder's block | 4; without the 4 it is nobody's, or readers'
            text += f", held by {self.by_address.get(held & ~15, 'a thread, or a task that is done')}" if held & 4 else ""
        return text


@contextlib.contextmanager
def selection_kept():
    thread, frame = gdb.selected_thread(), gdb.selected_frame()
    try:
        yield
    finally:
        thread.switch()
        if frame.is_valid():
            frame.select()


def stack_pointers():
    found = []
    with selection_kept():
        for t in gdb.selected_inferior().threads():
            if not t.is_running():
                t.switch()
                found.append((int(gdb.newest_frame().read_register("sp")), t))
    return found
