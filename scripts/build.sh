#!/usr/bin/env bash
# scripts/build.sh [PRESET [TARGET...]]: configures and builds one preset (default dev) in build/PRESET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-dev}
targets=("${@:2}")
if [[ $preset == run ]]; then scripts/deps.sh build; else scripts/deps.sh; fi
cmake --preset "$preset"
cmake --build --preset "$preset" --parallel "$(nproc)" ${targets[0]+--target "${targets[@]}"}
