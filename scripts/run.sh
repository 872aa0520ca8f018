#!/usr/bin/env bash
# scripts/run.sh: builds examples/service, an HTTP service, puts load on it for 10 s, and shows how long its answers took.
# scripts/run.sh service [drive's OPTIONS]: the same. scripts/run.sh wordfreq [OPTIONS] [DIR...]: counts the words of directories.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
examples=$root/build/run/examples

serve() {
  "$root/scripts/build.sh" run service drive >&2
  said=$(mktemp)  # for the trap, these are not local
  "$examples/service" >"$said" &
  server=$!
  trap 'kill -KILL "$server" 2>/dev/null || true; rm -f "$said"' EXIT
  until where=$(sed -n 's/^serving at //p' "$said") && [[ -n $where ]]; do
    kill -0 "$server" || exit 1  # it has said why
    sleep 0.05
  done
  echo "examples/service at $where, with load from examples/drive"
  "$examples/drive" "$where" "$@"
  kill -TERM "$server"
  wait "$server"
}

count_words() {
  "$root/scripts/build.sh" run wordfreq >&2
  # Options take a value, the rest are directories.
  local dirs=(/usr/share/doc /usr/include) previous='' argument
  for argument in "$@"; do
    [[ $argument == -* || $previous == --workers || $previous == --top || $previous == --timeout ]] || dirs=()
    previous=$argument
  done
  exec "$examples/wordfreq" "$@" "${dirs[@]}"
}

case ${1-service} in
  service) serve "${@:2}" ;;
  wordfreq) count_words "${@:2}" ;;
  -h | --help) sed -n 's/^# \(scripts.*\)/\1/p' "$0" ;;
  *)
    echo "scripts/run.sh: no such example: $1; there are service and wordfreq" >&2
    exit 2
    ;;
esac
