"""weft ps, pstree, bt, select, unselect, current, gcore."""
import itertools
import re

import gdb

from .core import add_stacks
from .frames import frames
from .tasks import Process, selection_kept


def general(text):
    return re.sub(r"0x[0-9a-f]+|\d+", "*", text)


def common(texts):
    texts = list(texts)
    return texts[0] if all(t == texts[0] for t in texts) else general(texts[0])


def places(tasks):
    """Lists of tasks that are in the same place: they differ in numbers only."""
    found = {}
    for t in tasks:
        found.setdefault((t.state, general(t.name), general(t.doing), t.spawned_at), []).append(t)
    return list(found.values())


def duration(ns):
    if ns is None:
        return "?"
    if ns < 1e9:
        return f"{ns / 1e6:.0f} ms"
    if ns < 120e9:
        return f"{ns / 1e9:.1f} s"
    return f"{ns / 60e9:.0f} min" if ns < 7200e9 else f"{ns / 3600e9:.0f} h"


def show_table(rows):
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for r in rows:
        print("  ".join(c.rjust(w) if i in (0, 1, 3) else c.ljust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip())


def go_to(task):
    """To its frames: its thread's, or its own in the selected thread."""
    if task.thread:
        frames.clear()
        task.thread.switch()
    elif task.fiber:
        frames.show(task)
        frames.select_first()
    elif task.begun:
        raise gdb.GdbError(f"weft: {task} runs on a thread that is not weft's: thread apply all bt")
    else:
        raise gdb.GdbError(f"weft: {task} has not begun and has no stack")


class Command(gdb.Command):
    def __init__(self):
        super().__init__("weft " + type(self).__name__.lower(), gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        arguments = gdb.string_to_argv(argument)
        if not self.takes(arguments):
            raise gdb.GdbError("usage: " + self.__doc__.partition(":")[0])
        try:
            self.run(Process(), *arguments)
        except gdb.MemoryError as e:
            raise gdb.GdbError(f"weft: {e}. A core file without all of the process's memory?") from None

    def takes(self, arguments):
        return not arguments


class Ps(Command):
    """weft ps [-a]: all tasks. Those in the same place are one line with the first one's id; -a: each its own."""

    def takes(self, arguments):
        return arguments in ([], ["-a"])

    def run(self, process, *apart):
        for runtime, tasks in itertools.groupby(sorted(process.tasks, key=lambda t: t.runtime), key=lambda t: t.runtime):
            tasks = list(tasks)
            print(f"runtime '{process.runtime_name(runtime)}', tasks: {len(tasks)}")
            rows = [("tasks", "id", "state", "age", "name", "waits for, or runs", "spawned at")]
            for p in [[t] for t in tasks] if apart else places(tasks):
                age = None if p[0].age is None else max(t.age for t in p)
                rows.append((str(len(p)), str(p[0].id), p[0].state, duration(age), common(t.name for t in p), common(t.doing for t in p),
                             p[0].spawned_at))
            show_table(rows)
        if not process.tasks:
            print("no tasks")


class Pstree(Command):
    """weft pstree: all tasks, under those that have spawned them. Childless ones in the same place are one line."""

    def run(self, process):
        ids = {t.id for t in process.tasks}
        children = {}
        for t in process.tasks:
            children.setdefault(t.parent if t.parent in ids else 0, []).append(t)

        def below(parent):
            mine = children.get(parent, [])
            return sorted([[t] for t in mine if t.id in children] + places(t for t in mine if t.id not in children),
                          key=lambda p: p[0].id, reverse=True)

        todo = [(0, p) for p in below(0)]
        while todo:
            depth, place = todo.pop()
            doing = common(t.doing for t in place)
            print(f"{'  ' * depth}{f'{len(place)} x ' if len(place) > 1 else ''}{common(t.name for t in place)} (id {place[0].id}), "
                  f"{place[0].state}{': ' if doing else ''}{doing}")
            todo += [(depth + 1, p) for p in below(place[0].id)] if len(place) == 1 else []


class Bt(Command):
    """weft bt ID [OPTIONS OF bt]: a task's stack: a suspended one's from its saved registers, else its thread's."""

    def takes(self, arguments):
        return len(arguments) != 0

    def run(self, process, number, *options):
        task = process.task(number)
        with selection_kept(), frames.kept():
            go_to(task)
            print(task.status)
            gdb.execute("bt " + " ".join(options))


class Select(Command):
    """weft select ID: frame, up, down, info locals and their like are about that task, until weft unselect or the program goes on."""

    def takes(self, arguments):
        return len(arguments) == 1

    def run(self, process, number):
        task = process.task(number)
        go_to(task)
        print(task.status)
        gdb.execute("frame")


class Unselect(Command):
    """weft unselect: the frames are the selected thread's own again."""

    def run(self, process):
        frames.clear()
        gdb.newest_frame().select()
        gdb.execute("frame")


class Current(Command):
    """weft current: the task that the selected thread runs, and the one that weft select has selected."""

    def run(self, process):
        thread = gdb.selected_thread()
        on_it = (t for t in process.tasks if t.thread and t.thread.ptid == thread.ptid)
        innermost = next((t for t in on_it if t.fiber is None or t.fiber.current == t.address), None)
        print(f"thread {thread.num} runs {innermost or 'no task'}")
        while innermost and innermost.outer in process.by_address:
            innermost = process.by_address[innermost.outer]
            print(f"  on the stack of {innermost}, which waits for it")
        if frames.active:
            print(f"selected: {frames.task}")


class Gcore(Command):
    """weft gcore [FILE]: gcore, and the file has the tasks' stacks, too."""

    def takes(self, arguments):
        return len(arguments) <= 1

    def run(self, process, path=None):
        path = path or f"core.{gdb.selected_inferior().pid}"
        gdb.execute("gcore " + path, to_string=True)
        fibers = {t.fiber for t in process.tasks if t.fiber}
        missed = add_stacks(path, fibers)
        print(f"Saved corefile {path} with {len(fibers)} stacks of tasks{f'; {missed} pages could not be read' if missed else ''}")


class Weft(gdb.Command):
    """Tasks of weft, of a live process or a core file. Nothing is called or written in the process."""

    def __init__(self):
        super().__init__("weft", gdb.COMMAND_STATUS, gdb.COMMAND_NONE, True)

    def invoke(self, argument, from_tty):
        gdb.execute("help weft")


for command in (Weft, Ps, Pstree, Bt, Select, Unselect, Current, Gcore):
    command()
