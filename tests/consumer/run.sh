#!/usr/bin/env bash
# Builds and runs the consumer project in this folder.
# usage: tests/consumer/run.sh installed|subdirectory BUILD_DIR     works in BUILD_DIR/consumer
#
# installed: installs BUILD_DIR, a finished build, and uses the package. Runs the project's program, also built with
# pkg-config, the tutorial's chapter on custom operators, and the example with custom parts. Checks that a plugin exports
# no symbols of Tapestry.
#
# subdirectory: uses the source tree through FetchContent. Checks that Tapestry configures as part of another project
# and that linking tapestry::tapestry provides its headers. Compiles only main.cpp; BUILD_DIR and the installed mode already
# show that the libraries compile and link, and compiling them again would take minutes.
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
    cmake --install "$build" --component dev --prefix "$work/prefix" >/dev/null
    "$build/docs/tutorial_code" program "$root/docs/tutorial.md" --chapter "own operator" >"$work/own_operator.cpp"
    cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF \
      -DOWN_OPERATOR="$work/own_operator.cpp"
    cmake --build "$work/build"
    "$work/build/consumer"
    pc=$(dirname "$(find "$work/prefix" -name tapestry.pc)")
    read -ra flags < <(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs tapestry)
    "${CXX:-c++}" -std=c++20 "$here/main.cpp" -o "$work/by_pkg_config" "${flags[@]}"
    LD_LIBRARY_PATH=$(dirname "$pc") "$work/by_pkg_config"
    if nm --dynamic --defined-only --demangle "$work/build/libplugin.so" | grep tapestry; then
      echo "libplugin.so exports symbols of Tapestry" >&2
      exit 1
    fi
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
