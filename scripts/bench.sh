#!/usr/bin/env bash
# scripts/bench.sh [--quick] [--peers] [--update] [--compare OLD] [PROBLEM...] [FILTER]: builds the release benchmarks, runs
# them (all, or those named) beside their peers, prints tables; build/release/bench/results/all.json holds a whole run.
#   --quick        some minutes for all of it: short and few repetitions, without the largest rows
#   --peers        also the programs of other languages (bench/peers): Go, Tokio, asyncio
#   --calm         while others had over 5 % of the CPUs, a virtual machine's neighbours say, a problem runs again, twice at most; the calmest counts
#   --update       puts the tables into docs/benchmarks.md and the plots into docs/plots
#   --compare OLD  says what became slower since OLD (an all.json, or a folder of results), and ends with 1 then
#   FILTER         a regular expression for the rows to run
#   REPETITIONS=9 (default 5)   MIN_TIME=1 (seconds a repetition, default 0.3)   FILTER=...: the same as the argument
# An otherwise idle machine, please: ratios hold under load better than figures do, but they spread too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick= peers= calm= update= old= named=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) quick=yes ;;
    --peers) peers=yes ;;
    --calm) calm=yes ;;
    --update) update=yes ;;
    --compare) old=${2:?--compare needs an old all.json, or a folder of results}; shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "bench: no option $1; see --help" >&2; exit 2 ;;
    *) if [[ -f bench/$1/main.cpp || -f bench/$1/main.py ]]; then named+=("$1"); else FILTER=$1; fi ;;
  esac
  shift
done

results=build/release/bench/results
mkdir -p "$results"
if [[ -n $old ]]; then  # kept apart: this run may overwrite it
  [[ -e $old ]] || { echo "bench: no $old to compare with" >&2; exit 2; }
  kept=$(mktemp -d)
  trap 'rm -rf "$kept"' EXIT
  cp -r "$old" "$kept/"
  old=$kept/$(basename "$old")
fi

scripts/deps.sh
mapfile -t problems < <(python3 -B bench/report/problems.py)
[[ ${#named[@]} -eq 0 ]] || problems=("${named[@]}")
programs=()
for problem in "${problems[@]}"; do [[ ! -f bench/$problem/main.cpp ]] || programs+=("bench_$problem"); done
[[ ${#programs[@]} -eq 0 ]] || scripts/build.sh release "${programs[@]}" >&2
if [[ -n $peers ]]; then
  scripts/deps.sh peers || true
  for language in go tokio; do bench/peers/run.sh "$language" || rm -rf "build/peers/$language"; done  # they serve in rows of the problems, too
fi

# Four repetitions are the fewest that --compare can judge.
repetitions=${REPETITIONS:-5} min_time=${MIN_TIME:-0.3} rows=${FILTER:-.}
if [[ -n $quick ]]; then
  repetitions=${REPETITIONS:-4} min_time=${MIN_TIME:-0.02}
  rows=${FILTER:--(1m/|count:1000000|left_after|capacity:16/|workers:(8|16|32))}
fi

# Percent of the CPUs that others of the same host had since `stolen` was $1, and it was $2 o'clock ($SECONDS).
stolen() { awk '{ print $9 + 0; exit }' /proc/stat; }
taken_since() { echo $((($(stolen) - $1) / ((SECONDS - $2 + 1) * $(nproc)))); }

# calmest FILE COMMAND...: runs it, which writes "$out"; keeps that as FILE.
calmest() {
  local kept=$1 least=1000 attempt taken before began
  shift
  for attempt in 1 2 3; do
    out=$kept.now before=$(stolen) began=$SECONDS
    "$@" || return
    taken=$(taken_since "$before" "$began")
    printf '%d s, others had %d %%; ' $((SECONDS - began)) "$taken" >&2
    if ((taken < least)); then
      mv "$out" "$kept"
      least=$taken
    fi
    if [[ -z $calm ]] || ((taken <= 5)); then break; fi
  done
  rm -f "$kept.now"
  echo >&2
}

# Google Benchmark's own table goes to a file: with shuffled repetitions it comes at the end anyway.
run_rows() {
  timeout --foreground 1200 "$program" --benchmark_enable_random_interleaving=true --benchmark_repetitions="$mine" \
    --benchmark_min_time="$min_time" --benchmark_filter="$rows" --benchmark_display_aggregates_only=true \
    --benchmark_out="$out" --benchmark_out_format=json >"$results/$problem.log" 2>&1
}
run_script() { python3 -B "bench/$problem/main.py" --repetitions "$((repetitions * 2))" >"$out"; }

files=() failed=() step=0
for problem in "${problems[@]}"; do
  step=$((step + 1))
  if [[ -f bench/$problem/main.py ]]; then
    [[ -z ${FILTER:-} ]] || continue
    printf '[%2d/%d] %-12s ... ' "$step" "${#problems[@]}" "$problem" >&2
    if calmest "$results/$problem.jsonl" run_script; then files+=("$results/$problem.jsonl"); else failed+=("$problem"); fi
    continue
  fi
  program=build/release/bench/bench_$problem
  count=$("$program" --benchmark_list_tests --benchmark_filter="$rows" 2>/dev/null | grep -c "^$problem/" || true)
  [[ $count -gt 0 ]] || continue
  mine=$repetitions
  # Bytes hardly spread, and a row takes seconds.
  if [[ $problem == memory && -z ${REPETITIONS:-} ]]; then mine=4; fi
  # The slowest of some rows over another: that takes good medians of each.
  if [[ $problem == scaling && -z ${REPETITIONS:-}$quick ]]; then mine=20; fi
  printf '[%2d/%d] %-12s %3d rows, %d repetitions ... ' "$step" "${#problems[@]}" "$problem" "$count" "$mine" >&2
  if calmest "$results/$problem.json" run_rows; then
    files+=("$results/$problem.json")
  else
    failed+=("$problem")
    echo "failed: see $results/$problem.log" >&2
  fi
done

if [[ -n $peers ]]; then
  for language in go tokio asyncio; do
    printf '[peers] %-12s ... ' "$language" >&2
    began=$SECONDS
    # Ends with 77 when it has nothing to run on, and has said so.
    if REPETITIONS=$repetitions MIN_TIME=$min_time LIMIT=${quick:+20} FILTER=${FILTER:-.} PROBLEMS="${problems[*]}" \
        bench/peers/run.sh "$language" "$results/peer_$language.jsonl"; then
      files+=("$results/peer_$language.jsonl")
      echo "$((SECONDS - began)) s" >&2
    elif [[ $? -ne 77 ]]; then
      failed+=("$language")
    fi
  done
fi
if [[ ${#files[@]} -eq 0 ]]; then echo "bench: nothing ran for ${FILTER:-${problems[*]}}" >&2; exit 1; fi

report=()
if [[ ${#named[@]} -eq 0 && -z ${FILTER:-} && ${#failed[@]} -eq 0 ]]; then report+=(--merge "$results/all.json"); fi
[[ -z $old ]] || report+=(--compare "$old")
python=python3
if [[ -n $update ]]; then
  report+=(--into docs/benchmarks.md --plots docs/plots)
  scripts/deps.sh plots || true
  # Debian's matplotlib belongs to Debian's Python, which need not be the first in the path.
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import matplotlib' 2>/dev/null; then python=$candidate; break; fi
  done
fi
status=0
"$python" -B bench/report "${report[@]}" "${files[@]}" || status=$?
if [[ ${#failed[@]} -gt 0 ]]; then echo "failed: ${failed[*]}" >&2; status=1; fi
exit "$status"
