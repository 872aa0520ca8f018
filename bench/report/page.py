"""Puts tables between their markers <!-- bench:NAME --> and <!-- /bench --> of a page."""
import pathlib
import re


def put(page, parts):
    """Returns the names that have no place there."""
    page = pathlib.Path(page)
    text, lost = page.read_text(encoding="utf-8"), []
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.DOTALL)
        text, found = pattern.subn(lambda m, part=part: m[1] + part + "\n" + m[2], text)
        if not found:
            lost.append(name)
    page.write_text(text, encoding="utf-8")
    return lost
