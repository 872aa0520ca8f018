#!/usr/bin/env bash
# scripts/test.sh [PRESET...]: builds and tests weft from a bare clone; by default as released, under ASan + UBSan and
# under TSan. Goes through all presets whatever fails, ends with ctest's closing lines of each. Long storms: ctest --preset long.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

scripts/deps.sh || exit 1
scripts/deps.sh servers || echo "test: without them some examples are left out"
scripts/deps.sh tools || echo "test: without them gdb's commands are left out"
presets=("$@")
[[ $# -gt 0 ]] || presets=(release asan tsan)

failed=()
for preset in "${presets[@]}"; do
  printf '\n=== %s: build\n' "$preset"
  rm -f "build/$preset/test.log"
  if ! scripts/build.sh "$preset"; then
    failed+=("$preset (build)")
    continue
  fi
  printf '\n=== %s: test\n' "$preset"
  ctest --preset "$preset" --parallel 2 2>&1 | tee "build/$preset/test.log" || failed+=("$preset")
done

printf '\n=== summary\n'
for entry in "${failed[@]}"; do echo "FAILED: $entry"; done
for preset in "${presets[@]}"; do
  if [[ -f build/$preset/test.log ]]; then
    printf '\n%s:\n' "$preset"
    sed -n '/tests passed, /,$p' "build/$preset/test.log"
  fi
done
[[ ${#failed[@]} -eq 0 ]]
