# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by the shell tests beside it: run a command, then say what must hold of it.
#
#   run scripts/test --bogus
#   status_is 2
#   one_line_says 'unknown option'

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run COMMAND…: keeps its exit status, standard output and standard error.
run() {
  command_line=$*
  status=0
  "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}

fail() {
  printf 'FAILED: %s\n  of: %s\n  status %s, standard output and error:\n' "$*" "$command_line" "$status" >&2
  sed 's/^/  > /' "$scratch/out" "$scratch/err" >&2
  exit 1
}

status_is() { [[ $status -eq $1 ]] || fail "expected status $1"; }

status_is_not() { [[ $status -ne $1 ]] || fail "expected a status other than $1"; }

error_says() { grep -q -- "$1" "$scratch/err" || fail "standard error does not say '$1'"; }

output_says() { grep -q -- "$1" "$scratch/out" || fail "standard output does not say '$1'"; }

# Standard error is one line with this text, and standard output is empty.
one_line_says() {
  error_says "$1"
  [[ $(wc -l <"$scratch/err") -eq 1 ]] || fail 'standard error is not one line'
  [[ ! -s $scratch/out ]] || fail 'standard output is not empty'
}
