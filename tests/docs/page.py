"""What a documentation page holds: fenced blocks, headings, tables, and the lines that a block says it prints."""
import re
from dataclasses import dataclass


@dataclass
class Block:
    language: str
    line: int          # of the first line of code in the page, from 1
    code: str

    @property
    def prints(self):
        """The lines announced by comments: `// -> text` or `# -> text`, in order."""
        return re.findall(r"(?://|#) -> (.*)$", self.code, re.MULTILINE)


class Page:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")

    def blocks(self, language):
        """The fenced blocks of a language. The first one is the common beginning of the others."""
        found, start = [], None
        for number, line in enumerate(self.lines, 1):
            if start is None and line == "```" + language:
                start = number + 1
            elif start is not None and line == "```":
                found.append(Block(language, start, "\n".join(self.lines[start - 1:number - 1])))
                start = None
        if start is not None or not found:
            raise SystemExit(f"no {language} blocks, or one that is not closed")
        return found

    def anchors(self):
        """Of the headings, as GitHub makes them."""
        titles = (line.lstrip("#").strip() for line in self._prose() if re.match("#+ ", line))
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def links(self):
        return [target for line in self._prose() for target in re.findall(r"\]\(([^)\s]+)\)", line)]

    def rows(self):
        """(anchor of the section, cells) of every row of every table."""
        section = None
        for line in self._prose():
            if line.startswith("## "):
                section = re.sub(r"[^\w\- ]", "", line[3:].strip().lower()).replace(" ", "-")
            elif line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line):
                yield section, [cell.strip() for cell in line.strip("|").split("|")]

    def _prose(self):
        inside = False
        for line in self.lines:
            if line.startswith("```"):
                inside = not inside
            elif not inside:
                yield line
