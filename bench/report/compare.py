"""What became slower between two runs: Mann and Whitney's test of the repetitions, for each row and each cost of it."""
import itertools
import math
import statistics
from dataclasses import dataclass

from columns import COLUMNS, column, in_order, number

SIGNIFICANT = 0.05
NOTICEABLE = 1.05  # less than that is not worth a look, significant or not
ENUMERATED = 20_000  # so many ways to deal out the ranks are counted one by one, more are approximated


def ranks(values):
    """Of each value, 1 for the least; equal ones share the mean of their ranks."""
    first = {}
    ordered = sorted(values)
    for i, value in enumerate(ordered):
        first.setdefault(value, i)
    return [first[value] + (ordered.count(value) + 1) / 2 for value in values]


def p_value(old, new):
    """Two-sided: how likely are ranks as uneven as these if both runs drew from the same distribution?"""
    n, both = len(new), len(old) + len(new)
    all_ranks = ranks([*new, *old])
    expected = n * (both + 1) / 2
    uneven = abs(sum(all_ranks[:n]) - expected)
    if math.comb(both, n) <= ENUMERATED:
        deals = [abs(sum(deal) - expected) for deal in itertools.combinations(all_ranks, n)]
        return sum(deal >= uneven - 1e-9 for deal in deals) / len(deals)
    ties = sum(count**3 - count for count in (all_ranks.count(r) for r in set(all_ranks)))
    variance = n * len(old) / 12 * (both + 1 - ties / (both * (both - 1)))
    return math.erfc(max(uneven - 0.5, 0) / math.sqrt(2 * variance)) if variance > 0 else 1.0


@dataclass
class Change:
    name: str
    counter: str
    old: list
    new: list

    def __post_init__(self):
        before, after = statistics.median(self.old), statistics.median(self.new)
        self.ratio = after / before if before else (math.inf if after else 1.0)
        self.p = p_value(self.old, self.new)

    def sure(self):
        return self.p < SIGNIFICANT

    def slower(self):
        return self.sure() and self.ratio > NOTICEABLE

    def faster(self):
        return self.sure() and self.ratio < 1 / NOTICEABLE

    def line(self):
        verdict = "**slower**" if self.slower() else "faster" if self.faster() else ""
        before, after = (number(statistics.median(v), self.counter) for v in (self.old, self.new))
        return (f"| {self.name} | {column(self.counter).title} | {before} | {after} | {self.ratio:.2f} | {self.p:.3f} | {verdict} |")


def changes(old, new):
    """Of what both runs have, what grew most first."""
    found = []
    for row in new.rows.keys() & old.rows.keys():
        for counter in in_order(new.rows[row].keys() & old.rows[row].keys()):
            if counter in COLUMNS and column(counter).cost:
                found.append(Change(str(row), counter, old.rows[row][counter], new.rows[row][counter]))
    return sorted(found, key=lambda change: (-change.ratio, change.name))


def report(old, new):
    """The text, and whether something became slower."""
    found = changes(old, new)
    slower = [change for change in found if change.slower()]
    lines = ["| row | | old median | new median | new over old | p | |", "|---|---|---:|---:|---:|---:|---|",
             *(change.line() for change in found), ""]
    few = sum(2 / math.comb(len(c.old) + len(c.new), len(c.new)) >= SIGNIFICANT for c in found)
    if few:
        lines.append(f"{few} of them have too few repetitions to tell: it takes four and four.")
    for what, mine, other in (("old", old, new), ("new", new, old)):
        only = len(mine.rows.keys() - other.rows.keys())
        if only:
            lines.append(f"{only} rows are only in the {what} run.")
    lines.append(f"{len(found)} figures compared; slower by more than 5 % with p < {SIGNIFICANT}: {len(slower)}, "
                 f"faster: {sum(change.faster() for change in found)} "
                 f"(by chance alone up to {len(found) * SIGNIFICANT / 2:.1f} of each).")
    lines += [f"slower: {c.name} ({column(c.counter).title}), {c.ratio:.2f} times, p = {c.p:.3f}" for c in slower]
    return "\n".join(lines), bool(slower)
