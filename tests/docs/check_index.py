"""check_index.py PAGE [--update]: the page names all of asyncio that this Python has, its index is that of its tables
(--update writes it), and its links lead somewhere."""
import asyncio
import os
import re
import sys

from page import Page

BEGIN, END = "<!-- made of the tables by tests/docs/check_index.py --update -->", "<!-- /index -->"
CLASSES = {"loop": "AbstractEventLoop"} | {name: name for name in (
    "Task", "Future", "Timeout", "TaskGroup", "Runner", "Queue", "Lock", "Event", "Condition", "Semaphore", "Barrier",
    "Handle")}


def index(page):
    """name -> section: the first whose row does not send the reader on."""
    sections = {}
    for section, cells in page.rows():
        if section == "what-differs-on-purpose":
            continue
        for name in re.findall(r"`([^`]+)`", cells[0]):
            name = name.split("(")[0]
            if re.fullmatch(r"[\w.]+|except\*", name):
                first = name not in sections
                if first or (sections[name][1] and not cells[1].startswith("see")):
                    sections[name] = section, cells[1].startswith("see")
    return {name: section for name, (section, _) in sections.items()}


def entries(names):
    """(letter, text) in alphabetical order; what a class or the loop has stands behind its name, by section."""
    members = {}
    for name in sorted(names, key=lambda n: (n.lower(), n)):
        owner, _, member = name.rpartition(".")
        of = members.setdefault((owner or name, names[name]), [])
        if owner:
            of.append(f"`.{member}`")
    for (name, section), found in members.items():
        yield name[0].upper(), " ".join([f"[`{name}`](#{section})", *found])


def table(names):
    rows, letter = ["", "| | |", "|---|---|"], None
    for first, text in entries(names):
        if first != letter:
            letter = first
            rows.append(f"| **{letter}** | {text} |")
        else:
            rows[-1] = rows[-1].removesuffix(" |") + f" · {text} |"
    return rows + [""]


def asyncio_names():
    yield from (name for name in asyncio.__all__ if not name.startswith("_"))
    for prefix, cls in CLASSES.items():
        yield from (f"{prefix}.{name}" for name in dir(getattr(asyncio, cls)) if not name.startswith("_"))


def faults(path, page, names):
    missing = sorted(set(asyncio_names()) - set(names))
    if missing:
        yield "not in any table: " + ", ".join(missing)
    if page.lines[page.lines.index(BEGIN) + 1:page.lines.index(END)] != table(names):
        yield "the index is not that of the tables: run check_index.py --update"
    for link in page.links():
        file, _, anchor = link.partition("#")
        if link.startswith("#"):
            if anchor not in page.anchors():
                yield f"no section {link}"
        elif "://" not in link and not os.path.exists(os.path.join(os.path.dirname(path), file)):
            yield f"no file {link}"


if __name__ == "__main__":
    path = sys.argv[1]
    page = Page(path)
    if "--update" in sys.argv:
        page.lines[page.lines.index(BEGIN) + 1:page.lines.index(END)] = table(index(page))
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(page.lines))
    sys.exit("\n".join(faults(path, page, index(page))) or 0)
