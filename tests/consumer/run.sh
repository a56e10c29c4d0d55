#!/usr/bin/env bash
# Builds and runs the consumer project beside this script.
# usage: tests/consumer/run.sh installed|subdirectory BUILD_DIR
# installed: against what BUILD_DIR, a finished build, installs. subdirectory: against the source tree, through
# add_subdirectory and without optimising, since everything is compiled once more. Works in BUILD_DIR/consumer.
set -euo pipefail

mode=$1
build=$(cd "$2" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$build/consumer/$mode

case $mode in
  installed)
    rm -rf "$work"
    cmake --install "$build" --prefix "$work/prefix" >/dev/null
    options=(-DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
    ;;
  subdirectory) options=(-DTAPESTRY_SOURCE="$here/../.." -DCMAKE_CXX_FLAGS=-O0) ;;
  *)
    echo "usage: run.sh installed|subdirectory BUILD_DIR" >&2
    exit 2
    ;;
esac
cmake -S "$here" -B "$work/build" -G Ninja "${options[@]}"
cmake --build "$work/build"
"$work/build/consumer"
