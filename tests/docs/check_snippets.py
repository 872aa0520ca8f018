"""check_snippets.py PAGE PROGRAM: PROGRAM (see extract_snippets.py) ends well, and each block prints what it says."""
import subprocess
import sys

from page import Page

page, program = Page(sys.argv[1]), sys.argv[2]
ran = subprocess.run([program], stdout=subprocess.PIPE, text=True)
printed, line = {}, None
for text in ran.stdout.splitlines():
    if text.startswith("@ "):
        line = int(text[2:])
        printed[line] = []
    else:
        printed[line].append(text)

faults = [] if ran.returncode == 0 else [f"the program ends with {ran.returncode} in the block of line {line}"]
for block in page.blocks("cpp")[1:]:
    if printed.get(block.line) != block.prints:
        faults.append(f"line {block.line}: promised {block.prints}, printed {printed.get(block.line)}")
sys.exit("\n".join(faults) or 0)
