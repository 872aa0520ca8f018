"""What a goal is about, as a function of the results and of the library: the same for weft and for its peers.

Names hold {} where the library's name goes. KeyError or ZeroDivisionError: not measured.
"""
import contextlib

from columns import column


def each(name, counter="per_item"):
    return lambda results, library: results.median(name.format(library), counter) * column(counter).factor


def difference(name, less, counter="per_item"):
    whole, part = each(name, counter), each(less, counter)
    return lambda results, library: whole(results, library) - part(results, library)


def ratio(name, over, counter="per_item", over_counter=None):
    whole, part = each(name, counter), each(over, over_counter or counter)
    return lambda results, library: whole(results, library) / part(results, library)


def gain(name, reference, counter="per_item"):
    """Of a second worker, over what the second CPU gives two plain threads in the same run."""
    mine, plain = ratio(f"{name}/workers:1", f"{name}/workers:2", counter), ratio(f"{reference}/workers:1", f"{reference}/workers:2")
    return lambda results, library: mine(results, library) / plain(results, library)


def best_of(names, over):
    """The best of one named peer's forms, over weft's: how many times faster weft is."""
    return lambda results, library: min(results.median(name) for name in names) / results.median(over.format(library))


def slowest(name, over, values, counter="per_item"):
    """The worst of some rows, of those that were run, over one; a further {} in their name stands for each of the values."""
    some = [ratio(name.format("{}", value), over, counter) for value in values]

    def measure(results, library):
        found = []
        for one in some:
            with contextlib.suppress(KeyError):
                found.append(one(results, library))
        if not found:
            raise KeyError(name)
        return max(found)

    return measure


def worst(problem, counter, form="{}"):
    """The worst row of a whole problem; form: how the library's rows are called."""

    def measure(results, library):
        rows = [row for row, counters in results.rows.items()
                if row.problem == problem and row.library == form.format(library) and counter in counters]
        if not rows:
            raise KeyError(problem)
        return max(results.median(str(row), counter) for row in rows) * column(counter).factor

    return measure
