#!/usr/bin/env bash
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
  for key in 'severity: (critical|warning)$' 'summary: .*\$labels' 'description:' "runbook_url: docs/runbook.md#${alert,,}\$"; do
    grep -Eq "$key" <<<"$text" || { echo "$alert has no $key" >&2; exit 1; }
  done
  grep -qx "## $alert" docs/runbook.md || { echo "docs/runbook.md has no paragraph on $alert" >&2; exit 1; }
  alerts=$((alerts + 1))
done < <(sed -n 's/^      - alert: //p' "$rules")
[[ $alerts -eq $(grep -c '^## Leash' docs/runbook.md) ]] || { echo 'docs/runbook.md has a paragraph on an alert that is not there' >&2; exit 1; }

promtool test rules tests/deploy/rules/*.yml

# survives NUMBER GROUP CHANGE: prints the change if no test fails with it.
survives() {
  sed "s|^  - .*/leash\.yml$|  - $scratch/$1.yml|" "tests/deploy/rules/$2.yml" >"$scratch/$1-test.yml"
  grep -q "$scratch/$1.yml" "$scratch/$1-test.yml"
  ! promtool test rules "$scratch/$1-test.yml" >"$scratch/$1.out" 2>&1 || echo "no test fails with $3"
}
export -f survives
export scratch
export GOGC=off GOMAXPROCS=1 # many short runs
perl tests/deploy/mutants.pl "$rules" "$scratch" >"$scratch/mutants"
# One that is no rule file would fail, too, and prove nothing.
promtool check rules "$scratch"/[0-9][0-9][0-9].yml >/dev/null
survivors=$(tr '\n' '\0' <"$scratch/mutants" | xargs -0 -P "$(nproc)" -I{} bash -euo pipefail -c 'IFS=$'"'\t'"' read -r number group change <<<"$1"; survives "$number" "$group" "$change"' _ {})
[[ -z $survivors ]] || { printf '%s\n' "$survivors" >&2; exit 1; }
echo "$alerts alerts; each of $(wc -l <"$scratch/mutants") wrong versions of the rules fails a test."
