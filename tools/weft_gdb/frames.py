"""The frames of a suspended task, from the registers that its switch has saved.

An unwinder puts them behind the innermost frame of the selected thread, in place of that one's callers, and a frame filter hides that
one. So no register is written: nothing has to be put back when the program goes on, and a core file will do.
"""
import contextlib
import itertools
import re
import struct
import types

import gdb
import gdb.unwinder

from .layout import address_of, memory


def saved_registers(context):
    """Boost.Context's jump pushes a frame whose size is in its first instruction, lea -SIZE(%rsp),%rsp: 0x38 in older versions, 0x40 in
    newer ones. The last seven words of it are these."""
    machine = gdb.selected_inferior().architecture().name()
    if machine != "i386:x86-64":
        raise gdb.GdbError(f"weft: stacks of suspended tasks are shown on x86-64 only, and this is {machine}")
    code = memory(address_of("jump_fcontext"), 16).removeprefix(b"\xf3\x0f\x1e\xfa")  # endbr64
    if not re.match(rb"\x48\x8d\x64\x24[\xc8\xc0]", code):
        raise gdb.GdbError("weft: this Boost.Context saves registers in a way that is not known here")
    rip = context + 0x100 - code[4]
    values = struct.unpack("<7Q", memory(rip - 0x30, 0x38))
    return dict(zip("r12 r13 r14 r15 rbx rbp rip".split(), values), rsp=rip + 8)


def innermost():
    """Which frame: inlined functions are frames of their own, with the same two registers."""
    return registers_of(gdb.newest_frame())


def registers_of(frame):
    return int(frame.read_register("rsp")), int(frame.read_register("rip"))


class TaskFrames(gdb.unwinder.Unwinder):
    """Also the frame filter."""

    def __init__(self):
        super().__init__("weft")
        self.priority = 100
        self.task = None
        gdb.unwinder.register_unwinder(None, self, replace=True)
        gdb.frame_filters["weft"] = self
        gdb.events.cont.connect(lambda _: self.forget())

    def show(self, task):
        """Of a suspended task that no thread runs, in the selected thread."""
        registers = saved_registers(task.fiber.context)
        self.clear()
        self.hidden, self.thread = innermost(), gdb.selected_thread().ptid
        self.task, self.registers, self.context = task, registers, task.fiber.context
        gdb.invalidate_cached_frames()

    def clear(self):
        self.forget()
        gdb.invalidate_cached_frames()

    def forget(self):
        self.task = None

    @contextlib.contextmanager
    def kept(self):
        before = dict(vars(self))
        try:
            yield
        finally:
            vars(self).update(before)
            gdb.invalidate_cached_frames()

    @property
    def active(self):
        return self.task is not None and gdb.selected_thread() is not None and gdb.selected_thread().ptid == self.thread

    def select_first(self):
        frame = gdb.newest_frame()
        while frame is not None and registers_of(frame) == self.hidden:
            frame = frame.older()
        if frame is not None:
            frame.select()

    def __call__(self, pending):
        if not self.active or registers_of(pending) != self.hidden:
            return None
        # The frame's own identity: inner to all of the task's, or gdb takes the stack for a broken one.
        info = pending.create_unwind_info(types.SimpleNamespace(sp=gdb.Value(self.context), pc=pending.read_register("rip")))
        for register, value in self.registers.items():
            info.add_saved_register(register, gdb.Value(value))
        return info

    def filter(self, frames):
        return itertools.dropwhile(lambda f: registers_of(f.inferior_frame()) == self.hidden, frames) if self.active else frames


frames = TaskFrames()
