#!/usr/bin/env python3
"""client_check.py PAGE_PROGRAM: Prometheus' own client library reads the same from the page as our parser. 77: there is none here."""
import subprocess
import sys

from exposition import parse

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("no prometheus_client (Debian: python3-prometheus-client)")
    sys.exit(77)


def key(name, labels, value):
    return name, tuple(sorted(labels.items())), value


text = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
theirs = sorted(key(s.name, s.labels, s.value) for f in text_string_to_metric_families(text) for s in f.samples)
ours = sorted(key(*s) for f in parse(text) for s in f.samples)
assert theirs == ours, set(theirs) ^ set(ours)
assert {f.type for f in text_string_to_metric_families(text)} == {"counter", "gauge", "histogram"}
