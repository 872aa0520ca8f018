"""What a run of the benchmarks says: tables in Markdown, plots, a comparison with an older run.

    python3 bench/report [options] RESULTS...       files of --benchmark_format=json, or folders of them

Prints the tables. Ends with 1 if a row failed, or with --compare if something became slower.
"""
import argparse
import json
import pathlib
import sys

import compare
from goals import GOALS
from goals_table import goals_table, unexplained
from page import put
from problems import problems
from results import read
from tables import OTHER_LANGUAGES, machine, peers_table, table


def is_whole(results):
    return set(problems()) <= set(results.problems())


def tables(results):
    parts = {"machine": machine(results.context), "goals": goals_table(results, is_whole(results))}
    parts.update({problem: table(results, problem) for problem in results.problems()})
    if any(row.library in OTHER_LANGUAGES for row in results.rows):
        parts["peers"] = peers_table(results)
    return parts


def update(results, page):
    """The page's tables; what is about all problems stays as it is after a run of some of them."""
    parts = tables(results)
    if not is_whole(results):
        for name in ("goals", "peers"):
            parts.pop(name, None)
    results.failures += [f"{page}: no place for the table of {name}" for name in put(page, parts)]
    text = pathlib.Path(page).read_text(encoding="utf-8")
    unsaid = {goal.why for goal in GOALS if goal.why and f'<a id="why-{goal.why}">' not in text}
    results.failures += [f"{page}: no reason why-{why}" for why in sorted(unsaid)]
    results.failures += [f"{page}: no reason why this is missed: {what}" for what in unexplained(results)]


def draw(results, folder):
    try:
        import plots
    except ImportError:
        print("no plots: they need python3-matplotlib", file=sys.stderr)
        return
    plots.write(results, folder, plots.PLOTS if is_whole(results) else [name for name in plots.PLOTS if name in results.problems()])


def main():
    arguments = argparse.ArgumentParser(prog="bench/report", description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--into", metavar="PAGE", help="put the tables between the page's markers")
    arguments.add_argument("--plots", metavar="FOLDER", help="draw them there, with --into")
    arguments.add_argument("--merge", metavar="FILE", help="write all results into this one file")
    arguments.add_argument("--compare", metavar="OLD", help="say what became slower since that file or folder")
    arguments.add_argument("--quiet", action="store_true", help="print no tables")
    arguments.add_argument("results", nargs="+")
    arguments = arguments.parse_args()

    results = read(arguments.results)
    if arguments.merge:
        pathlib.Path(arguments.merge).write_text(json.dumps(results.merged(), indent=1), encoding="utf-8")
    if arguments.into:
        update(results, arguments.into)
        if arguments.plots:
            draw(results, arguments.plots)
    if not arguments.quiet:
        for name, text in tables(results).items():
            print(f"## {name}\n{text}\n")
    slower = False
    if arguments.compare:
        old = read([arguments.compare])
        text, slower = compare.report(old, results)
        print(f"## compared with {old.context.get('date', 'the old run')}\n{text}")
    for failure in results.failures:
        print("failed:", failure, file=sys.stderr)
    return 1 if results.failures or slower else 0


if __name__ == "__main__":
    sys.exit(main())
