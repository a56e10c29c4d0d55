#!/usr/bin/env bash
# Builds and runs the consumer project beside this script.
# usage: tests/consumer/run.sh installed|subdirectory BUILD_DIR     works in BUILD_DIR/consumer
#
# installed: against what BUILD_DIR, a finished build, installs. Runs the project's program, the tutorial's chapter on
# operators of one's own, and the example with parts of one's own.
#
# subdirectory: against the source tree, through add_subdirectory. Shows that Tapestry configures as a part of another
# project and that the link to tapestry::tapestry gives a source file its headers. It compiles main.cpp and nothing else:
# that the libraries compile and link is shown by BUILD_DIR and by the installed mode, and compiling them once more would
# take minutes.
set -euo pipefail

mode=$1
build=$(cd "$2" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$build/consumer/$mode
rm -rf "$work"
mkdir -p "$work"

case $mode in
  installed)
    cmake --install "$build" --prefix "$work/prefix" >/dev/null
    "$build/docs/tutorial_code" program "$root/docs/tutorial.md" --chapter "own operator" >"$work/own_operator.cpp"
    cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF \
      -DOWN_OPERATOR="$work/own_operator.cpp"
    cmake --build "$work/build"
    "$work/build/consumer"
    "$work/build/own_operator"
    "$work/build/own_parts" --quick --out "$work/pictures"
    ;;
  subdirectory)
    cmake -S "$here" -B "$work/build" -G Ninja -DTAPESTRY_SOURCE="$root" -DCMAKE_CXX_FLAGS=-O0
    cmake --build "$work/build" --target CMakeFiles/consumer.dir/main.cpp.o
    ;;
  *)
    echo "usage: run.sh installed|subdirectory BUILD_DIR" >&2
    exit 2
    ;;
esac
