#!/usr/bin/env bash
# scripts/deps.sh [build|all|servers|tools|plots|peers]: installs the Debian packages that weft needs and this machine lacks.
#   build: to build weft and its examples.   all (default): also its tests, sanitizers and benchmarks.
#   servers: what the examples' tests start for themselves, and leave out otherwise.   tools: gdb, likewise.
#   plots, peers: what the benchmarks draw with, and what their programs in other languages need; nothing else.
# Asks nothing: it works as root, or with a sudo that needs no password, or says what to install.
set -euo pipefail

packages=(g++ cmake ninja-build libboost-context-dev libssl-dev zlib1g-dev)
case ${1:-all} in
  build) ;;
  all) packages+=(doctest-dev clang-19 libclang-rt-19-dev llvm-19 ccache valgrind python3
                  libbenchmark-dev libtbb-dev libboost-fiber-dev libhiredis-dev libpq-dev) ;;
  servers) packages=(redis-server postgresql nginx-light) ;;
  tools) packages=(gdb binutils) ;;
  plots) packages=(python3-matplotlib) ;;
  peers) packages=(golang-go rustc cargo librust-hyper-dev librust-tokio-dev nginx-light python3) ;;
  *) echo "usage: scripts/deps.sh [build|all|servers|tools|plots|peers]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps: not a Debian system; going on with what is there. Needed: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! sudo -n true 2>/dev/null; then
    echo "deps: missing, and neither root nor sudo without a password to install them:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}
echo "deps: installing ${missing[*]}" >&2
apt update
apt install -y --no-install-recommends "${missing[@]}"
