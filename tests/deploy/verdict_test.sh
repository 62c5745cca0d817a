#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# deploy/kubernetes/verdict, with stand-ins for kubectl and leash-load.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../project/check.sh"

mkdir "$scratch/bin"
cat >"$scratch/bin/kubectl" <<'SH'
#!/usr/bin/env bash
all=$*
echo "$all" >>"$FAKE/kubectl"
case $all in
  *.spec.completions*) echo 3 ;;
  *.status.conditions*) # runs at first
    [[ -z ${FAKE_GONE:-} ]] || exit 1
    [[ -e $FAKE/asked ]] && echo "$FAKE_END" || touch "$FAKE/asked" ;;
  *logs*job-completion-index=2 | *logs*job-completion-index=[01])
    index=${all##*=}
    printf 'requests 100\n'
    [[ $index == "${FAKE_SILENT:-}" ]] || printf '{\n  "pod": %s,\n  "sides": {}\n}\n' "$index" ;;
esac
SH
cat >"$scratch/bin/leash-load" <<'SH'
#!/usr/bin/env bash
echo "$*" >"$FAKE/load"
exit 3
SH
cat >"$scratch/bin/sleep" <<'SH'
#!/usr/bin/env bash
SH
chmod +x "$scratch/bin"/*
export FAKE=$scratch LEASH_BIN=$scratch/bin PATH=$scratch/bin:$PATH FAKE_END='FailureTarget Failed'

run deploy/kubernetes/verdict --namespace demo --out "$scratch/reports" --quiet
status_is 3
[[ $(cat "$scratch/load") == "merge --quiet $scratch/reports/pod-0.json $scratch/reports/pod-1.json $scratch/reports/pod-2.json" ]] || fail "leash-load was called with: $(cat "$scratch/load")"
[[ $(jq -c .pod "$scratch"/reports/pod-{0,1,2}.json | tr '\n' ' ') == '0 1 2 ' ]] || fail 'the reports are not those of the pods'
! grep -v -- '^--namespace demo ' "$scratch/kubectl" || fail 'another namespace was asked'
[[ $(grep -c conditions "$scratch/kubectl") -eq 2 ]] || fail 'it did not wait'

export FAKE_SILENT=1 FAKE_END=Complete
run deploy/kubernetes/verdict --out "$scratch/reports"
status_is 1
one_line_says 'pod 1 has no report'

FAKE_GONE=1 run deploy/kubernetes/verdict --out "$scratch/reports"
status_is 1
one_line_says 'cannot be read any more'

run deploy/kubernetes/verdict --namespace
status_is 2
one_line_says 'takes a value'

run env LEASH_BIN=/nonexistent deploy/kubernetes/verdict
status_is 1
one_line_says '/nonexistent/leash-load is missing'
