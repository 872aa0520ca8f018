"""extract_snippets.py PAGE OUT.cpp: one program out of all the page's cpp blocks, one function for each.

The first block goes before all others. A block with a main keeps it, under another name; any other block is the body of
weft::run. Before it runs a block the program prints "@ <line of the page>"; check_snippets.py compares what follows.
"""
import os
import re
import sys

from page import Page


def function(block, shown):
    code = re.sub(r"^#include .*$", "", block.code, flags=re.MULTILINE)
    where = f'#line {block.line} "{shown}"\n'
    if "int main() {" in code:
        body = where + code.replace("int main() {", "void run() {")
    else:
        body = "void run() {\nweft::run([] {\n" + where + code + "\n});\n}"
    return f"namespace at_{block.line} {{\n{body}\n}}\n"


def program(page, shown):
    first, *others = page.blocks("cpp")
    includes = dict.fromkeys(re.findall(r"^#include .*$", "\n".join(b.code for b in [first] + others), re.MULTILINE))
    prelude = re.sub(r"^#include .*$", "", first.code, flags=re.MULTILINE)
    calls = "\n".join(f'  std::cout << "@ {b.line}" << std::endl;\n  at_{b.line}::run();' for b in others)
    return "\n".join([
        f"// Made from {shown}.",
        *includes,
        f'#line {first.line} "{shown}"',
        prelude,
        *(function(block, shown) for block in others),
        f"int main() {{\n{calls}\n}}\n",
    ])


if __name__ == "__main__":
    source, target = sys.argv[1:]
    text = program(Page(source), os.path.relpath(source, os.path.join(os.path.dirname(__file__), "..", "..")))
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
