#!/usr/bin/env bash
# Measures what the umbrella header costs its users: compiles a file that includes <tapestry/tapestry.hpp> and one with
# headers that such programs include anyway, in turns, and compares the medians. Fails above a ratio of 6: the layers that
# are declared in one line of a header, with `add` as their initializer, are instantiated by every program that includes it
# (measured 3.5 to 5; 1.5 before). The limit goes down again once `add` costs its includers less.
# usage: tests/structure/umbrella_compile_time.sh [BUILD_DIR]     a configured build folder, build/release by default
set -euo pipefail

build=${1:-$(dirname "${BASH_SOURCE[0]}")/../../build/release}
max_ratio=6
rounds=5
[[ -e $build/include/tapestry/tapestry.hpp ]] || { echo "$build is no configured build folder" >&2; exit 2; }

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

median() { sort -n "$work/$1.times" | sed -n "$(((rounds + 1) / 2))p"; }

for ((round = 0; round < rounds; ++round)); do
  compile umbrella
  compile usual
done
awk -v umbrella="$(median umbrella)" -v usual="$(median usual)" -v max="$max_ratio" 'BEGIN {
  ratio = umbrella / usual
  printf "umbrella header %.2f s, usual headers %.2f s, ratio %.2f (at most %.1f)\n", umbrella / 1e6, usual / 1e6, ratio, max
  exit ratio > max
}'
