#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The rules are valid; their tests pass; and the tests are such that each wrong number in the rules makes one fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rules=deploy/prometheus/rules/leash.yml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

promtool check config deploy/prometheus/prometheus.yml
promtool check rules --lint=all --lint-fatal "$rules"

# Each group has a file of tests of its name.
groups=$(sed -n 's/^  - name: leash-//p' "$rules" | sort)
files=$(basename -s .yml -a tests/deploy/rules/*.yml | sort)
[[ $groups == "$files" ]] || { printf 'groups of rules and files of tests differ:\n%s\n' "$(diff <(echo "$groups") <(echo "$files"))" >&2; exit 1; }

# Each alert says what, how much, and where to read on; the runbook has that paragraph.
alerts=0
while read -r alert; do
  text=$(awk -v alert="$alert" '$1 == "-" { on = $2 == "alert:" && $3 == alert } on' "$rules")
  [[ $text =~ summary:[^:]*\$labels ]] || { echo "the summary of $alert has no label" >&2; exit 1; }
  for key in 'severity: (critical|warning)$' 'description:' "runbook_url: docs/runbook.md#${alert,,}\$"; do
    grep -Eq "$key" <<<"$text" || { echo "$alert has no $key" >&2; exit 1; }
  done
  grep -qx "## $alert" docs/runbook.md || { echo "docs/runbook.md has no paragraph on $alert" >&2; exit 1; }
  alerts=$((alerts + 1))
done < <(sed -n 's/^      - alert: //p' "$rules")
[[ $alerts -eq $(grep -c '^## Leash' docs/runbook.md) ]] || { echo 'docs/runbook.md has a paragraph on an alert that is not there' >&2; exit 1; }

promtool test rules tests/deploy/rules/*.yml

perl tests/deploy/mutants.pl "$rules" "$scratch" >"$scratch/mutants"
# One that is no rule file would fail, too, and prove nothing.
promtool check rules "$scratch"/[0-9][0-9][0-9].yml >/dev/null
while IFS=$'\t' read -r number group _; do
  sed "s|^  - .*/leash\.yml$|  - $scratch/$number.yml|" "tests/deploy/rules/$group.yml" >"$scratch/$number-test.yml"
  grep -q "$scratch/$number.yml" "$scratch/$number-test.yml"
done <"$scratch/mutants"
# Says of each file "Unit Testing:  NAME", and "  SUCCESS" if nothing in it failed.
promtool test rules "$scratch"/*-test.yml >"$scratch/tested" 2>/dev/null || true
[[ $(grep -c '^Unit Testing: ' "$scratch/tested") -eq $(wc -l <"$scratch/mutants") ]]
survivors=$(sed -n '/^Unit Testing: /h; /^  SUCCESS/ { x; s|.*/\(.*\)-test.yml|\1|p }' "$scratch/tested" | while read -r number; do
  printf 'no test fails with %s\n' "$(grep "^$number" "$scratch/mutants" | cut -f 3)"
done)
[[ -z $survivors ]] || { printf '%s\n' "$survivors" >&2; exit 1; }
echo "$alerts alerts; each of $(wc -l <"$scratch/mutants") wrong versions of the rules fails a test."
