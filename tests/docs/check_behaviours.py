"""check_behaviours.py TESTS [--update]: TESTS/README.md lists, for each id of the ranges in its headings, the test cases that
begin with it (after the word storm; --update writes that); an id without any stands in its table of those, with the reason."""
import difflib
import pathlib
import re
import sys

BEGIN, END = "<!-- made of the test cases by tests/docs/check_behaviours.py --update -->", "<!-- /cases -->"
ID = r"(?:[A-Z]{1,3}\d{1,2})"


def cases(tests):
    """id -> [(program, title without ids)], in the order of the files."""
    found = {}
    for path in sorted(tests.glob("*/*_test.cpp")) + sorted(tests.glob("*/compile_fail/*.cpp")):
        text = path.read_text(encoding="utf-8")
        titles = [re.sub(r'"\s+"', "", t) for t in re.findall(r'TEST_CASE(?:_TEMPLATE)?\(\s*"((?:[^"\\]|\\.|"\s+")*)"\s*[),]', text)]
        if path.parent.name == "compile_fail":
            titles = re.findall(r"^// (.*)$", text, re.M)[:1]
        name = str(path.relative_to(tests).with_suffix("")).removesuffix("_test")
        for title in titles:
            storm, ids, rest = re.fullmatch(rf"(storm:? )?((?:{ID} )*)(.*)", title).groups()
            for i in ids.split():
                found.setdefault(i, []).append((name, (storm or "") + rest.replace('\\"', '"')))
    return found


def ids_of(ranges):
    """`F01–F28, EVT1–EVT3` -> all of them."""
    for first, letters, low, high in re.findall(r"(([A-Z]{1,3})(\d+))–[A-Z]*(\d+)", ranges):
        for n in range(int(low), int(high) + 1):
            yield letters + str(n).zfill(len(first) - len(letters))


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(ids, found):
    yield from ("", "| id | program | what its case says |", "|---|---|---|")
    for i in ids:
        for n, (name, title) in enumerate(found.get(i, [])):
            yield f"| {i if n == 0 else ''} | {name} | {cell(title)} |"
    yield ""


def main():
    tests = pathlib.Path(sys.argv[1])
    page = tests / "README.md"
    found = cases(tests)
    old = page.read_text(encoding="utf-8").split("\n")
    new, known, reasons, inside = [], [], set(), False
    for line in old:
        if line == END:
            inside = False
        if not inside:
            new.append(line)
            if row := re.match(rf"\| ((?:{ID}(?:, )?)+) \|", line):
                reasons.update(row.group(1).split(", "))
        if line == BEGIN:
            heading = next(h for h in reversed(new) if h.startswith("### "))
            ids = list(ids_of(heading))
            known += ids
            new += table(ids, found)
            inside = True
    faults = [f"{i}: no test case begins with it, and no reason is given" for i in known if i not in found and i not in reasons]
    faults += [f"{i}: has a test case and a reason for having none" for i in known if i in found and i in reasons]
    faults += [f"{i}: {found[i][0][0]} shows it, and no heading has it" for i in found if i not in known]
    if "--update" in sys.argv:
        page.write_text("\n".join(new), encoding="utf-8")
    elif old != new:
        faults += ["not up to date, run it with --update:", *difflib.unified_diff(old, new, lineterm="", n=0)]
    if faults:
        sys.exit("\n".join(f"{page.name}: {f}" if i < 20 else f for i, f in enumerate(faults)))


if __name__ == "__main__":
    main()
