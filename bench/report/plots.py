"""Charts of a run in SVG, by matplotlib. The same results give the same bytes: no date, no random ids, text as text."""
import pathlib
import statistics

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "weft", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "legend.frameon": False, "path.simplify": True,
})

import matplotlib.pyplot as plt  # noqa: E402, only after use()
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from columns import column  # noqa: E402
from goals import GOALS, TASKS, WAITING, MEMORY  # noqa: E402
from goals_table import by_peer, measured, met  # noqa: E402
from tables import rank  # noqa: E402

COLOURS = {"weft": "#1b6ca8", "tbb": "#d1495b", "boost_fiber": "#edae49", "asio": "#a0785a", "go": "#00798c",
           "tokio": "#8f5db7", "asyncio": "#6c757d", "std": "#3a3a3a"}
MARKERS = {"weft": "o", "tbb": "s", "boost_fiber": "D", "asio": "p", "go": "^", "tokio": "v", "asyncio": "P", "std": "X"}
MET, MISSED = "#4c9f70", "#d1495b"


def base(library):
    return next((name for name in COLOURS if library.startswith(name)), "std")


def plain(value, _=None):
    return f"{value:g}"


def ratios_axis(axis, rows, low, high):
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 200 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(plain))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks(range(len(rows)), rows)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)


def goals_plot(results):
    """Weft's figure over its goal: a bar to the left of 1 is a goal that is met."""
    bars = [(goal, figure) for goal in GOALS if (figure := measured(goal, results, "weft")) and goal.bound > 0]
    if not bars:
        return None
    # Upside down where more is better, so that left is good everywhere.
    over = [goal.bound / figure if goal.at_least else figure / goal.bound for goal, figure in bars]
    figure, axis = plt.subplots(figsize=(8, 1 + 0.2 * len(bars)), layout="constrained")
    ratios_axis(axis, [goal.what for goal, _ in bars], min(over + [0.5]) / 1.3, max(over + [2]) * 1.5)
    colours = [MET if met(goal, value) else MISSED for goal, value in bars]
    axis.barh(range(len(bars)), [r - 1 for r in over], left=1, height=0.6, color=colours)
    for y, r in enumerate(over):
        axis.text(max(r, 1) * 1.03, y, f"{r:.2f}", va="center", fontsize=8)
    axis.axvline(1, color="black", linewidth=1)
    axis.set_title("weft over its goals: left of the line is met", loc="left", fontsize=10)
    return figure


def peers_plot(results):
    """How many times weft's figure each peer needs, for the goals that are times or bytes."""
    panels = [("tasks", TASKS), ("waiting", WAITING), ("memory", MEMORY)]
    panels = [(title, [(goal, ours, peers) for goal in goals
                       if goal.charted and not goal.at_least and (ours := measured(goal, results, "weft")) and ours > 0
                       and (peers := by_peer(goal, results))]) for title, goals in panels]
    panels = [(title, rows) for title, rows in panels if rows]
    if not panels:
        return None
    all_ratios = [figure / ours for _, rows in panels for _, ours, peers in rows for figure in peers.values() if figure > 0]
    low, high = min(all_ratios + [0.5]) / 1.3, max(all_ratios + [2]) * 1.3
    heights = [len(rows) + 1 for _, rows in panels]
    figure, axes = plt.subplots(len(panels), sharex=True, squeeze=False, figsize=(8, 1 + 0.24 * sum(heights)),
                                height_ratios=heights, layout="constrained")
    handles = {}
    for axis, (title, rows) in zip(axes[:, 0], panels):
        ratios_axis(axis, [goal.what for goal, _, _ in rows], low, high)
        axis.set_title(title, loc="left", fontsize=10)
        axis.axvline(1, color=COLOURS["weft"], linewidth=2)
        for y, (_, ours, peers) in enumerate(rows):
            shown = {library: value / ours for library, value in peers.items() if value > 0}
            axis.plot([min([1, *shown.values()]), max([1, *shown.values()])], [y, y], color="#cccccc", linewidth=3, zorder=1)
            for library in sorted(shown, key=rank):
                name = base(library)
                handles[name] = axis.scatter(shown[library], y, color=COLOURS[name], marker=MARKERS[name], s=26, zorder=2)
    names = sorted(handles, key=rank)
    axes[0, 0].legend([handles[name] for name in names], names, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(names))
    axes[-1, 0].set_xlabel("times weft's (the blue line): right of it weft is better")
    return figure


def scaling_plot(results):
    """Time per item over the number of workers, with the spread of the repetitions."""
    lines = {}
    for row, counters in results.rows.items():
        if row.problem == "scaling" and "per_item" in counters:
            workers = int(row.parameters[0].split(":")[1])
            lines.setdefault((row.case, row.library), {})[workers] = counters["per_item"]
    if not lines:
        return None
    figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
    factor = column("per_item").factor
    for (case, library), points in sorted(lines.items()):
        workers = sorted(points)
        middle = [statistics.median(points[w]) * factor for w in workers]
        around = [[m - min(points[w]) * factor for w, m in zip(workers, middle)],
                  [max(points[w]) * factor - m for w, m in zip(workers, middle)]]
        axis.errorbar(workers, middle, yerr=around, label=f"{case}, {library}", color=COLOURS[base(library)], capsize=2,
                      marker=MARKERS[base(library)], markersize=4, linestyle="-" if case == "tree" else "--")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(FuncFormatter(plain))
    axis.set_ylim(bottom=0)
    axis.set_xlabel("workers")
    axis.set_ylabel("ns each")
    axis.grid(axis="y", color="#dddddd", linewidth=0.6)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(lines))
    return figure


PLOTS = {"goals": goals_plot, "peers": peers_plot, "scaling": scaling_plot}


def write(results, folder, names):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        figure = PLOTS[name](results)
        if figure:
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(figure)
