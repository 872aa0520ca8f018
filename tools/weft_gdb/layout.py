"""Memory of the program, and the table in it that says where everything is: runtime/inspection/debug_layout.hpp, field by field.

The table's symbol is all that is needed of the program, so debug information may be missing.
"""
import struct
import types

import gdb

VERSION = 1
FIELDS = """
version size newest_chunk awaited_names
awaited_shift awaited_count awaited_future awaited_mutex awaited_shared_mutex
chunk_older chunk_block chunk_count chunk_first
core_state core_where core_outer core_side core_runtime core_id core_parent core_site core_born core_generation core_kind
kind_promise kind_callback state_queued state_running
side_name string_known
parker_word parker_kind parked_bit kind_thread thread_id
fiber_context fiber_base fiber_size fiber_current fiber_waits_for
runtime_name runtime_scheduler scheduler_world world_now
""".split()


def memory(at, n):
    return bytes(gdb.selected_inferior().read_memory(at, n))


def word(at):
    return struct.unpack("<Q", memory(at, 8))[0]


def half_word(at):
    return struct.unpack("<I", memory(at, 4))[0]


def c_string(at):
    return gdb.Value(at).cast(gdb.lookup_type("char").pointer()).string("utf-8", "replace") if at else ""


def std_string(at):
    text, size = struct.unpack("<QQ", memory(at, 16))
    return memory(text, size).decode("utf-8", "replace") if size else ""


def address_of(symbol):
    return int(gdb.parse_and_eval("(unsigned long) &" + symbol))


def read_layout():
    if gdb.selected_thread() is None:
        raise gdb.GdbError("weft: there is neither a process nor a core file")
    try:
        table = address_of("weft_debug_layout")
    except gdb.error:
        raise gdb.GdbError("weft: the program has no symbol weft_debug_layout: it is not weft's, or stripped of more than "
                           "debug information") from None
    version, size = word(table), word(table + 8)
    if (version, size) != (VERSION, 8 * len(FIELDS)):
        raise gdb.GdbError(f"weft: this script knows version {VERSION} of weft's tables, the program has {version}: "
                           "take the script of the same weft")
    return types.SimpleNamespace(**dict(zip(FIELDS, struct.unpack(f"<{len(FIELDS)}Q", memory(table, size)))))
