#!/usr/bin/env bash
# scripts/bench.sh [--update] [PROBLEM...]: builds the release benchmarks, runs them (all, or those named)
# beside their peers, prints tables. --update also puts the tables into docs/benchmarks.md.
#   REPETITIONS=9 (default 5)   MIN_TIME=1 (seconds a repetition, default 0.3)   FILTER=regex of rows to run
# An otherwise idle machine, please: ratios hold under load better than figures do, but they spread too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

update=()
if [[ ${1:-} == --update ]]; then
  update=(--into docs/benchmarks.md)
  shift
fi
problems=("$@")
if [[ ${#problems[@]} -eq 0 ]]; then
  problems=(fib parallel spawn_join yield promise group gather timeout mutex semaphore event condition channel queue select scaling sleepers memory idle)
fi

scripts/build.sh release "${problems[@]/#/bench_}" >&2
results=build/release/bench/results
mkdir -p "$results"
files=()
for problem in "${problems[@]}"; do
  repetitions=${REPETITIONS:-5}
  # Bytes hardly spread, and a row takes seconds.
  if [[ $problem == memory && -z ${REPETITIONS:-} ]]; then repetitions=3; fi
  echo "== $problem" >&2
  "build/release/bench/bench_$problem" --benchmark_enable_random_interleaving=true \
    --benchmark_repetitions="$repetitions" --benchmark_min_time="${MIN_TIME:-0.3}" \
    --benchmark_filter="${FILTER:-.}" --benchmark_display_aggregates_only=true \
    --benchmark_out="$results/$problem.json" --benchmark_out_format=json >&2
  files+=("$results/$problem.json")
done
if [[ ${#update[@]} -gt 0 ]]; then python3 bench/report.py "${update[@]}" "${files[@]}"; fi
python3 bench/report.py "${files[@]}"
