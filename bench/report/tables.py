"""A problem's table in Markdown: the median of the repetitions, with the least and the greatest behind it."""
import re
import statistics

from columns import column, in_order, number

# Left to right in a table and in a plot; a variant (weft_fork) comes after its namesake, others last.
LIBRARIES = ["weft", "tbb", "boost_fiber", "asio", "go", "tokio", "asyncio", "std", "serial"]
OTHER_LANGUAGES = ["go", "tokio", "asyncio"]


def rank(library):
    """Order of libraries."""
    base = next((i for i, name in enumerate(LIBRARIES) if library.startswith(name)), len(LIBRARIES))
    return base, library


def shown(parameters):
    return ", ".join(p.replace(":", " ") for p in parameters)


def natural(group):
    """Order of the cases: by name, then by the numbers among the parameters."""
    case, parameters = group
    return case, [int(n) for n in re.findall(r"\d+", shown(parameters))], parameters


def cell(values, counter):
    low, middle, high = (number(f(values), counter) for f in (min, statistics.median, max))
    return middle if low == high else f"{middle} ({low}–{high})"


def over_weft(row, weft):
    """Ratio of the first counter that both have."""
    for counter in in_order(weft):
        if counter in row and statistics.median(weft[counter]) > 0:
            return f"{statistics.median(row[counter]) / statistics.median(weft[counter]):.2f}"
    return ""


def table(results, problem):
    mine = {row: counters for row, counters in results.rows.items() if row.problem == problem}
    columns = in_order({counter for counters in mine.values() for counter in counters})
    lines = ["| case | library | " + " | ".join(column(c).title for c in columns) + " | over weft | n |",
             "|---|---|" + "---:|" * (len(columns) + 2)]
    for group in sorted({(row.case, row.parameters) for row in mine}, key=natural):
        libraries = {row.library: counters for row, counters in mine.items() if (row.case, row.parameters) == group}
        for library in sorted(libraries, key=rank):
            counters = libraries[library]
            cells = [cell(counters[c], c) if c in counters else "" for c in columns]
            ratio = over_weft(counters, libraries["weft"]) if "weft" in libraries and library != "weft" else ""
            n = max(map(len, counters.values()), default=0)
            name = ", ".join(filter(None, (group[0], shown(group[1]))))
            lines.append(f"| {name} | {library} | {' | '.join(cells)} | {ratio} | {n} |")
    return "\n".join(lines)


def peers_table(results):
    """Weft beside the programs of other languages: medians, and in brackets how many times weft's."""
    languages = [name for name in OTHER_LANGUAGES if any(row.library == name for row in results.rows)]
    groups = {}
    for row, counters in results.rows.items():
        if row.library in ["weft", *languages] and counters:
            groups.setdefault((row.problem, row.case, row.parameters), {})[row.library] = counters
    lines = ["| case | | weft | " + " | ".join(languages) + " |", "|---|---|---:|" + "---:|" * len(languages)]
    for (problem, case, parameters), found in groups.items():
        if "weft" not in found or len(found) == 1:
            continue
        main = in_order(found["weft"])[0]
        cells = []
        for language in languages:
            values = found.get(language, {}).get(main)
            ratio = over_weft(found[language], found["weft"]) if values else ""
            cells.append(f"{number(statistics.median(values), main)} ({ratio})" if values else "")
        ours = number(statistics.median(found["weft"][main]), main)
        name = ", ".join(filter(None, (f"{problem}/{case}", shown(parameters))))
        lines.append(f"| {name} | {column(main).title} | {ours} | {' | '.join(cells)} |")
    return "\n".join(lines)


def machine(context):
    keep = [("cpu", "{}"), ("num_cpus", "{} CPUs"), ("kernel", "Linux {}"), ("compiler", "g++ {}"), ("onetbb", "oneTBB {}"),
            ("boost", "Boost {}"), ("go", "Go {}"), ("tokio", "Tokio {}"), ("rustc", "rustc {}"), ("python", "Python {}"),
            ("assertions", "assertions {}")]
    text = ", ".join(form.format(str(context[key]).split("-")[0].replace("_", ".")) for key, form in keep if key in context)
    load = context.get("load_avg") or [0]
    return f"{context.get('date', '')[:10]}: {text}; load before the run {load[0]:.1f}."
