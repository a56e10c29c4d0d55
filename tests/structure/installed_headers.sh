#!/usr/bin/env bash
# Installs a finished build, checks that no internal headers are installed, and compiles every header on its own.
# usage: tests/structure/installed_headers.sh [BUILD_DIR]     build/release by default; CXX is the compiler
set -euo pipefail

build=$(cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../../build/release}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --component dev --prefix "$work" >/dev/null
cd "$work/include"

internal=$(find . -name detail -o -name kernels -o -name '*-inl.hpp')
if [[ -n $internal ]]; then
  printf 'internal headers are installed:\n%s\n' "$internal" >&2
  exit 1
fi

mapfile -t headers < <(find tapestry -name '*.hpp' | sort)
if ((${#headers[@]} < 100)); then
  echo "only ${#headers[@]} headers are installed" >&2
  exit 1
fi
printf '%s\0' "${headers[@]}" | xargs -0 -P "$(nproc)" -I '{}' \
  "${CXX:-g++}" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I . -include '{}' -x c++ /dev/null
echo "${#headers[@]} installed headers compile alone"
