#!/usr/bin/env bash
# scripts/run.sh [--workers N] [--top N] [--timeout SECONDS] [DIR...]: builds examples/wordfreq and counts the words of these directories.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$root/scripts/build.sh" run wordfreq >&2

# Options take a value, the rest are directories.
dirs=(/usr/share/doc /usr/include)
previous=
for argument in "$@"; do
  [[ $argument == -* || $previous == --workers || $previous == --top || $previous == --timeout ]] || dirs=()
  previous=$argument
done
exec "$root/build/run/examples/wordfreq" "$@" "${dirs[@]}"
