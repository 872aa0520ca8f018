"""Core files that gdb makes lack most stacks where their guard pages are no mappings of their own (Linux 6.13): at the first page of
a mapping that cannot be read gdb gives up the rest of it. So the stacks of all tasks are written into the file afterwards. (The kernel's
own core files have them.)"""
import bisect
import struct
import sys

import gdb

from .layout import memory

PAGE = 4096
PT_LOAD = 1


def segments(file):
    """(address, bytes, offset in the file) of what the core file has room for."""
    header = file.read(64)
    at, = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    if count == 0xffff:  # more than fits: the first section header has the number
        file.seek(struct.unpack_from("<Q", header, 40)[0] + 44)
        count, = struct.unpack("<I", file.read(4))
    file.seek(at)
    table = file.read(size * count)
    for i in range(count):
        kind, _, offset, address, _, filled = struct.unpack_from("<IIQQQQ", table, i * size)
        if kind == PT_LOAD and filled:
            yield address, filled, offset


def add_stacks(path, fibers):
    """How many pages could not be read."""
    missed = 0
    with open(path, "r+b") as file:
        found = sorted(segments(file))
        for fiber in fibers:
            for page in range((fiber.sp & -PAGE) - PAGE, fiber.top, PAGE):  # below sp there may be a red zone
                i = bisect.bisect_right(found, (page, sys.maxsize)) - 1
                address, n, offset = found[i] if i >= 0 else (0, 0, 0)
                if page >= address + n or page < fiber.base:
                    continue
                place = offset + page - address
                try:
                    content = memory(page, PAGE)
                except gdb.MemoryError:
                    missed += 1
                    continue
                file.seek(place)
                file.write(content)
    return missed
