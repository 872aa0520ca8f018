"""gdb knows weft's tasks, of a live process and of a core file: help weft.

gdb -x weft-gdb.py ..., or in ~/.gdbinit: source .../weft-gdb.py. Its parts are in the folder weft_gdb beside it.
"""
import os
import sys

sys.dont_write_bytecode, before = True, sys.dont_write_bytecode  # the folder may be the system's
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import weft_gdb.commands
finally:
    del sys.path[0]
    sys.dont_write_bytecode = before
