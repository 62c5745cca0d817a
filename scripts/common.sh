# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by the scripts beside it; sets `root` and moves there.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

script=${0##*/}

# Packages of npm's: scripts/bootstrap --browser puts playwright-core there, and the tests in a browser find it.
# shellcheck disable=SC2034  # for the scripts that source this
node_modules=${XDG_CACHE_HOME:-~/.cache}/leash/node_modules

# Prints the message on one line and exits with 1.
die() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 1
}

# Invalid arguments: prints the message on one line and exits with 2.
usage_error() {
  printf '%s: %s (scripts/%s --help)\n' "$script" "$*" "$script" >&2
  exit 2
}

is_regex() { # is_regex TEXT
  local status=0
  grep -qP -- "$1" </dev/null 2>/dev/null || status=$?
  [[ $status -eq 1 ]] # is one, and matches nothing there
}

# configure PRESET [cmake option…]. scripts/bootstrap has installed the tools.
configure() {
  local log=$root/build/configure-$1.log
  mkdir -p "$root/build"
  if ! cmake --preset "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "cmake --preset $1 failed; the text above is in $log"
  fi
}

# build PRESET [--target NAME…]; after configure.
build() {
  cmake --build --preset "$@" || die "the build of preset $1 failed"
}

# The program that resolves addresses in a sanitizer's trace: LLVM's, or the one of binutils.
find_symbolizer() {
  type -P llvm-symbolizer-19 || type -P llvm-symbolizer || type -P addr2line || true
}
