#!/usr/bin/env bash
# Measures the compile-time cost of the umbrella header: compiles, alternately, a file that includes
# <tapestry/tapestry.hpp> and one with headers that such programs include anyway, and compares the fastest times. Fails
# above a ratio of 1.6, to detect regressions such as one std::unique_ptr per module class (a ratio of 4).
# usage: tests/structure/umbrella_compile_time.sh [BUILD_DIR]     a configured build folder, build/release by default
set -euo pipefail

build=${1:-$(dirname "${BASH_SOURCE[0]}")/../../build/release}
max_ratio=1.6
rounds=5
[[ -e $build/include/tapestry/tapestry.hpp ]] || { echo "$build is not a configured build folder" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include <tapestry/tapestry.hpp>' >"$work/umbrella.cpp"
printf '#include <%s>\n' iostream vector string functional memory fmt/format.h >"$work/usual.cpp"

# Appends the microseconds that compiling FILE takes to FILE.times.
compile() {
  local began=${EPOCHREALTIME/[.,]/}
  "${CXX:-g++}" -std=c++20 -O2 -I "$build/include" -c "$work/$1.cpp" -o "$work/$1.o"
  echo $((${EPOCHREALTIME/[.,]/} - began)) >>"$work/$1.times"
}

fastest() { sort -n "$work/$1.times" | head -n 1; }

for ((round = 0; round < rounds; ++round)); do
  compile umbrella
  compile usual
done
awk -v umbrella="$(fastest umbrella)" -v usual="$(fastest usual)" -v max="$max_ratio" 'BEGIN {
  ratio = umbrella / usual
  printf "umbrella header %.2f s, usual headers %.2f s, ratio %.2f (at most %.1f)\n", umbrella / 1e6, usual / 1e6, ratio, max
  exit ratio > max
}'
