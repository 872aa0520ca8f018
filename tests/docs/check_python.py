"""check_python.py PAGE: the page's python blocks print what they say. The first one goes before all others."""
import ast
import asyncio
import contextlib
import inspect
import io
import signal
import sys
import traceback

from page import Page

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored in the background

first, *others = Page(sys.argv[1]).blocks("python")
faults = []
for block in others:
    names = {"__name__": "snippet"}
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(first.code, names)
            code = compile("\n" * (block.line - 1) + block.code, sys.argv[1], "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(eval(code, names))
            else:
                exec(code, names)
    except Exception:
        faults.append(f"line {block.line}: {traceback.format_exc()}")
    if out.getvalue().splitlines() != block.prints:
        faults.append(f"line {block.line}: promised {block.prints}, printed {out.getvalue().splitlines()}")
sys.exit("\n".join(faults) or 0)
