# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by tests that are scripts.

# eventually COMMAND…: tries with growing pauses, for half a minute at most.
eventually() {
  local pause=0.05
  for _ in $(seq 70); do
    if "$@"; then return 0; fi
    sleep "$pause"
    pause=$(awk -v p="$pause" 'BEGIN { p *= 1.5; print (p > 0.5 ? 0.5 : p) }')
  done
  printf 'never came true: %s\n' "$*" >&2
  return 1
}
