#!/usr/bin/env bash
# bench/peers/run.sh LANGUAGE [OUT]: builds the peer go, tokio or asyncio in build/peers; with OUT, runs its rows, and writes JSON lines there.
# Ends with 77, and says what to install, when the language is not there. Downloads nothing.
#   REPETITIONS, MIN_TIME, FILTER as in scripts/bench.sh   PROBLEMS="fib yield" (default: all)
#   LIMIT=20 (seconds, default 60): no further repetition begins after it
set -euo pipefail
out=${2:+$(realpath -m "$2")}
cd "$(dirname "${BASH_SOURCE[0]}")"

language=$1
built=$(cd ../.. && pwd)/build/peers/$language
mkdir -p "$built"
missing() { echo "left out: it needs the packages $*" >&2; exit 77; }

seconds=${MIN_TIME:-0.3} limit=${LIMIT:-60}
case $language in
  go)
    go=$(command -v /usr/bin/go || command -v go) || missing golang-go
    (cd go && GOCACHE=$built/cache GOFLAGS=-mod=mod GOPROXY=off "$go" build -o "$built/peer" .)
    peer=("$built/peer")
    seconds+=s limit+=s
    ;;
  tokio)
    # Debian's: its compiler and its crates belong together.
    registry=/usr/share/cargo/registry
    tokio=$(compgen -G "$registry/tokio-1.*" | head -n 1) && compgen -G "$registry/hyper-0.14.*" >/dev/null && [[ -x /usr/bin/cargo && -x /usr/bin/rustc ]] ||
      missing rustc cargo librust-hyper-dev librust-tokio-dev
    cp -rp tokio/. "$built/"  # cargo writes a lock file beside the sources, and builds what is newer
    mkdir -p "$built/.cargo"
    printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "%s"\n' "$registry" >"$built/.cargo/config.toml"
    (cd "$built" && RUSTC=/usr/bin/rustc CARGO_HOME=$built/home PEER_TOKIO=${tokio##*/tokio-} \
      PEER_RUSTC=$(/usr/bin/rustc --version | cut -d ' ' -f 2) /usr/bin/cargo build --quiet --release --offline)
    peer=("$built/target/release/peer")
    ;;
  asyncio)
    python=$(command -v /usr/bin/python3 || command -v python3) || missing python3
    "$python" -c 'import asyncio; asyncio.TaskGroup' 2>/dev/null || missing "python3 (3.11 or later)"
    peer=("$python" -B asyncio/main.py)
    ;;
  *) echo "usage: bench/peers/run.sh go|tokio|asyncio [OUT]" >&2; exit 2 ;;
esac

[[ -n $out ]] || exit 0
problems=${PROBLEMS:-.*}
names=$("${peer[@]}" --list | grep -E "^(${problems// /|})/" | grep -E -e "${FILTER:-.}") || { echo "no such rows" >&2; exit 77; }
timeout --foreground 300 "${peer[@]}" --repetitions "${REPETITIONS:-5}" --min-time "$seconds" --limit "$limit" \
  >"$out" <<<"$names"
