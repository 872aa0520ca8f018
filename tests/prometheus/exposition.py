"""Prometheus' text format 0.0.4, read strictly: what its own parser takes, and promtool's rules for names.

https://prometheus.io/docs/instrumenting/exposition_formats, https://prometheus.io/docs/practices/naming
"""
import dataclasses
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
OTHER_UNITS = ("nanoseconds", "microseconds", "milliseconds", "minutes", "hours", "days", "kilobytes", "megabytes", "bits", "percent")
ABBREVIATIONS = ("s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb")


class Malformed(Exception):
    pass


@dataclasses.dataclass
class Family:
    name: str
    help: str | None = None
    type: str | None = None
    samples: list = dataclasses.field(default_factory=list)  # (name, labels, value)


def unescape(text, also):
    known = {"\\": "\\", "n": "\n"} | also
    out, rest = "", iter(text)
    for c in rest:
        if c == "\\":
            c = next(rest, "")
            if c not in known:
                raise Malformed(f"\\{c} is no escape in {text!r}")
            c = known[c]
        out += c
    return out


def parse_labels(text):
    labels = {}
    at = 0
    while at < len(text):
        m = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"(,|$)').match(text, at)
        if not m:
            raise Malformed(f"labels: {text[at:]!r}")
        if m[1] in labels:
            raise Malformed(f"label {m[1]} twice")
        labels[m[1]] = unescape(m[2], {'"': '"'})
        at = m.end()
    return labels


def parse_value(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text)
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
        raise Malformed(f"value {text!r}")
    return float(text)


def family_of(sample, families):
    """The last family, if the sample may be of it."""
    if families:
        f = families[-1]
        if sample in [f.name + suffix for suffix in SUFFIXES.get(f.type, ("",))]:
            return f
    families.append(Family(sample))
    return families[-1]


def parse(text):
    """The families, in their order. Malformed: says where."""
    if not text.endswith("\n") or "\r" in text:
        raise Malformed("every line ends with \\n, the last one too")
    families = []
    for number, line in enumerate(text[:-1].split("\n"), 1):
        try:
            head = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.*)", line)
            if head:
                if not families or families[-1].name != head[2] or families[-1].samples:
                    families.append(Family(head[2]))
                what = head[1].lower()
                if getattr(families[-1], what) is not None:
                    raise Malformed(f"{head[1]} twice")
                setattr(families[-1], what, unescape(head[3], {}) if what == "help" else head[3])
                continue
            if line.startswith("#") or not line:
                continue
            m = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)( -?\d+)?", line)
            if not m:
                raise Malformed(f"no sample: {line!r}")
            sample = m[1], parse_labels(m[2] or ""), parse_value(m[3])
            family_of(m[1], families).samples.append(sample)
        except Malformed as e:
            raise Malformed(f"line {number}: {e}") from None
    check(families)
    return families


def check(families):
    names = [f.name for f in families]
    for name in names:
        if names.count(name) != 1:
            raise Malformed(f"the samples of {name} are not in one piece")
    for f in families:
        if f.type not in TYPES | {None}:
            raise Malformed(f"{f.name}: no such type: {f.type}")
        seen = [(name, tuple(sorted(labels.items()))) for name, labels, _ in f.samples]
        if len(seen) != len(set(seen)):
            raise Malformed(f"{f.name}: a sample twice")
        if f.type == "counter" and any(not value >= 0 for _, _, value in f.samples):
            raise Malformed(f"{f.name}: a counter below 0")
        if f.type == "histogram":
            check_histogram(f)


def check_histogram(f):
    series = {}
    for name, labels, value in f.samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        series.setdefault(key, {}).setdefault(name.removeprefix(f.name), []).append((labels.get("le"), value))
    for key, parts in series.items():
        buckets = [(parse_value(le), value) for le, value in parts.get("_bucket", [])]
        if not buckets or buckets[-1][0] != math.inf:
            raise Malformed(f"{f.name}{key}: no last bucket le=\"+Inf\"")
        bounds, counts = zip(*buckets)
        if list(bounds) != sorted(set(bounds)) or list(counts) != sorted(counts):
            raise Malformed(f"{f.name}{key}: its buckets are not cumulative")
        if len(parts.get("_sum", [])) != 1 or len(parts.get("_count", [])) != 1:
            raise Malformed(f"{f.name}{key}: wants one _sum and one _count")
        if parts["_count"][0][1] != buckets[-1][1]:
            raise Malformed(f"{f.name}{key}: _count is not the last bucket")


def lint(families):
    """What promtool check metrics says of names, types and helps; empty: nothing."""
    for f in families:
        words = f.name.split("_")
        if not f.help:
            yield f"{f.name}: no help text"
        if f.type in (None, "untyped"):
            yield f"{f.name}: no type"
        if (f.type == "counter") != f.name.endswith("_total"):
            yield f"{f.name}: counters end with _total, and nothing else does"
        if f.type not in ("histogram", "summary") and f.name.endswith(("_bucket", "_sum", "_count")):
            yield f"{f.name}: ends as a histogram's sample does"
        if TYPES & set(words):
            yield f"{f.name}: has its type in its name"
        if re.search(r"[A-Z]", f.name) or ":" in f.name:
            yield f"{f.name}: names are in snake_case, colons are for rules"
        if set(OTHER_UNITS) & set(words):
            yield f"{f.name}: not in a base unit"
        if set(ABBREVIATIONS) & set(words):
            yield f"{f.name}: an abbreviated unit"
        for label in {k for _, labels, _ in f.samples for k in labels}:
            if re.search(r"[A-Z]", label) or label.startswith("__"):
                yield f"{f.name}: label {label}"
            if label == "le" and f.type != "histogram" or label == "quantile" and f.type != "summary":
                yield f"{f.name}: label {label} in a {f.type}"


def values(families):
    """{name or name{label="value",...}, labels sorted: value}, without the label `runtime`."""
    found = {}
    for f in families:
        for name, labels, value in f.samples:
            shown = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k != "runtime")
            found[name + ("{" + shown + "}" if shown else "")] = value
    return found
