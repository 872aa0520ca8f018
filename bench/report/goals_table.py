"""How far weft and the best peer of the run are from the goals."""
from goals import GOALS


def measured(goal, results, library):
    try:
        return goal.measure(results, library)
    except (KeyError, ZeroDivisionError):
        return None


def by_peer(goal, results):
    """{library: figure} of those that are not weft, nor plain serial code."""
    if not goal.peers:
        return {}
    libraries = [name for name in results.libraries() if not name.startswith("weft") and name != "serial"]
    figures = {library: measured(goal, results, library) for library in libraries}
    return {library: figure for library, figure in figures.items() if figure is not None}


def met(goal, figure):
    return figure >= goal.bound if goal.at_least else figure <= goal.bound


def unexplained(results):
    """What is missed, and names no reason."""
    figures = [(goal, measured(goal, results, "weft")) for goal in GOALS if not goal.why]
    return [goal.what for goal, figure in figures if figure is not None and not met(goal, figure)]


def best_peer(goal, results, ours):
    """Its figure and name, and how many times better weft is."""
    figures = by_peer(goal, results)
    if not figures:
        return "", ""
    best = (max if goal.at_least else min)(figures, key=figures.get)
    better, worse = (ours, figures[best]) if goal.at_least else (figures[best], ours)
    return f"{short(figures[best])} {best}", f"{better / worse:.2f}" if worse else ""


def short(figure):
    return f"{figure:,.{0 if figure >= 1000 else 1 if figure >= 100 else 2}f}"


def goals_table(results, whole=True):
    """Of a part of the benchmarks only the goals that it says something about."""
    lines = ["| what | goal | weft | best peer | weft is better by | |", "|---|---:|---:|---:|---:|---|"]
    for goal in GOALS:
        bound = f"{'≥' if goal.at_least else '≤'} {goal.bound:,}"
        ours = measured(goal, results, "weft")
        if ours is None:
            if not whole:
                continue
            lines.append(f"| {goal.what} | {bound} | – | | | not measured |")
            continue
        peer, better = best_peer(goal, results, ours)
        verdict = "met" if met(goal, ours) else f"**missed**: [why](#why-{goal.why})" if goal.why else "**missed**"
        lines.append(f"| {goal.what} | {bound} | {short(ours)} | {peer} | {better} | {verdict} |")
    return "\n".join(lines)
