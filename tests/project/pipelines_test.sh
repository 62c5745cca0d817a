#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# No pipeline ends in a command that stops reading early. Under pipefail, its writer can die of SIGPIPE and the script with it,
# now and then. Use a file, a process substitution or awk without exit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# A single |, not ||, before head, grep -q or -m, or sed with q.
early='(^|[^|])\|[[:space:]]*(head|grep[[:space:]]+(-[[:alnum:]]+[[:space:]]+)*-[[:alnum:]]*[qm]|sed[[:space:]]+[^|]*[0-9/}]q[;[:space:]"'"'"'])'
for bad in 'cat a | head -1' 'cat a | grep -Fq b' "cat a | grep -E -m1 b" "cat a | sed '/b/q'"; do
  grep -qE "$early" <<<"$bad" || { echo "not found: $bad" >&2; exit 1; }
done
for good in 'test -e a || grep -q b a' 'cat a | grep b >/dev/null' 'head -n 1 a' "cat a | sed 's/q/r/'"; do
  ! grep -qE "$early" <<<"$good" || { echo "found, but it is right: $good" >&2; exit 1; }
done

mapfile -t scripts < <(git grep -lE '^#!.*[/ ](ba)?sh$' && git ls-files 'scripts/common.sh' 'tests/*.sh')
((${#scripts[@]} > 20))
! git grep -nE "$early" -- "${scripts[@]}" ':!tests/project/pipelines_test.sh' >&2 || exit 1
