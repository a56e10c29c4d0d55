# Shared by the scripts: the project's path, the packages it needs, and how to install them.
# usage: . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The tilde is the home folder even where HOME is not set.
HOME=${HOME:-~}
data_home=${XDG_CACHE_HOME:-$HOME/.cache}/tapestry

# One list for training and testing, so that both configure build/release in the same way.
packages=(
  g++ cmake ninja-build pkg-config
  libopenblas-openmp-dev libhwy-dev librandom123-dev libstb-dev libfmt-dev libcli11-dev nlohmann-json3-dev
  catch2
  gnuplot-nox
)

say() { printf '%s\n' "$*" >&2; }

# Prints the given packages that are not installed, one per line.
missing_packages() {
  local package
  for package in "$@"; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
      installed*) ;;  # more than once where two architectures are installed
      *) printf '%s\n' "$package" ;;
    esac
  done
}

# Installs the given packages if missing. If it cannot, prints the command to install them manually and fails.
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "This is neither Debian nor Ubuntu; assuming that the equivalents of these packages are installed: $*"
    return 0
  fi
  local missing as_root=() log
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi

  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "Some packages are missing, and installing them requires root or sudo. As root, run:"
      say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  log=$(mktemp)
  if ! {
    "${as_root[@]}" apt-get update -qq &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
  } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    say "Installation failed (see the error above). Fix the problem and run this again, or install manually:"
    say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    return 1
  fi
  rm -f "$log"
}

# configure_preset NAME: runs cmake's configure step and shows its output only if it fails. Works from any folder.
configure_preset() {
  local output
  if ! output=$(cmake -S "$root" --preset "$1" 2>&1); then
    printf '%s\n' "$output" >&2
    return 1
  fi
}

# build_target TARGET FILE SECONDS: builds a target of build/release, FILE; prints nothing if it is up to date. SECONDS is
# the time that the first build takes on one core.
build_target() {
  local build=$root/build/release
  # Ninja runs cmake again when it has to, but not for new presets.
  [[ $build/build.ninja -nt $root/CMakePresets.json ]] || configure_preset release
  [[ -e $build/$2 ]] || say "Building $1 for the first time: about $((1 + $3 / $(nproc))) s on $(nproc) cores."
  NINJA_STATUS='[%f/%t, %e s] ' cmake --build "$build" --target "$1" |
    { grep --line-buffered -v 'Re-checking globbed\|no work to do' || true; } >&2
}
