#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What kustomize makes of deploy/kubernetes is valid by the models of its kinds, and fits together: names, labels, ports,
# times, and the options of the programs.
# usage: kubernetes_test.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/deploy/npm.sh
source tests/deploy/npm.sh
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Needs no tool of others: the rules in the cluster are those that are tested.
diff deploy/kubernetes/monitoring/prometheus-rule.yaml <(tests/deploy/prometheus_rule.sh) ||
  fail 'prometheus-rule.yaml is not made of the rules; run tests/deploy/prometheus_rule.sh'

kubectl version --client 2>/dev/null | grep -E '^Kustomize Version: v([5-9]|[1-9][0-9])' >/dev/null ||
  { echo 'skipped: there is no kubectl with kustomize 5 or newer'; exit 77; }
need_npm "$build"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

objects() { node tests/deploy/kubernetes_objects.mjs "$npm_folder" "$@"; }
types() { # types NAME: whether the objects of that name have only fields that exist
  objects --types <"$scratch/$1.yaml" >"$npm_folder/objects.ts" && (cd "$npm_folder" &&
    node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022 objects.ts)
}

for folder in overlays/fixed overlays/leaky overlays/load monitoring; do
  name=${folder##*/}
  kubectl kustomize "deploy/kubernetes/$folder" >"$scratch/$name.yaml" || fail "kubectl kustomize deploy/kubernetes/$folder failed"
  objects <"$scratch/$name.yaml" >"$scratch/$name.json"
done
# Between them these two have an object of each kind.
cat "$scratch/load.yaml" <(echo ---) "$scratch/fixed.yaml" <(echo ---) "$scratch/monitoring.yaml" <(echo ---) deploy/kubernetes/namespace.yaml >"$scratch/all.yaml"
types all
# The checks can fail: a value, a field that does not exist.
sed 's/periodSeconds: 10/periodSeconds: "10"/' "$scratch/fixed.yaml" >"$scratch/mistake.yaml"
! objects <"$scratch/mistake.yaml" >/dev/null 2>&1 || fail 'text passes for a number'
sed 's/readinessProbe/readynessProbe/' "$scratch/fixed.yaml" >"$scratch/mistake.yaml"
! types mistake >/dev/null || fail 'a field that does not exist passes'

# holds NAME TEXT CONDITION: by jq, with the objects by kind.
holds() {
  jq -e "def of(\$kind): map(select(.kind == \$kind)); def matches(\$labels): . as \$selector | (\$labels + \$selector) == \$labels;
    def env: .spec.template.spec.containers[0].env | map({(.name): .value}) | add;
    def seconds: rtrimstr(\"s\") | tonumber; $3" "$scratch/$1.json" >/dev/null || fail "$1: it does not hold that $2"
}
for name in fixed leaky load; do
  holds "$name" 'the drain fits into the grace, with five seconds to spare' \
    'of("Deployment") | length > 0 and all(.spec.template.spec.terminationGracePeriodSeconds >= (env.LEASH_DRAIN_DELAY | seconds) + (env.LEASH_DRAIN_TIMEOUT | seconds) + 2 + 5)'
  holds "$name" 'each selector of pods finds those of one deployment' \
    '. as $all | of("Deployment") as $deployments
     | [of("Service")[].spec.selector, of("PodDisruptionBudget")[].spec.selector.matchLabels, $deployments[].spec.selector.matchLabels,
        (of("NetworkPolicy")[] | select(.metadata.name != "leash-load").spec.podSelector.matchLabels)]
     | length > 3 and all(. as $selector | [$deployments[] | .spec.template.metadata.labels as $labels | select($selector | matches($labels))] | length == 1)'
  holds "$name" 'services and probes use ports that are there' \
    '[of("Deployment")[].spec.template.spec.containers[0] | .ports as $ports | .startupProbe, .readinessProbe, .livenessProbe | .httpGet.port | IN($ports[].name)] +
     [of("Service")[].spec.ports[].targetPort | IN("http", "admin")] | length > 3 and all'
  holds "$name" 'nothing runs as root, writes, or may gain rights' \
    '[of("Deployment", "Job")[].spec.template.spec | .securityContext.runAsNonRoot, .automountServiceAccountToken == false, .enableServiceLinks == false,
      (.containers[] | .securityContext | .readOnlyRootFilesystem, .allowPrivilegeEscalation == false, .capabilities.drop == ["ALL"])] | length > 5 and all'
  holds "$name" 'every object is in the namespace' 'all(.metadata.namespace == "leash")'
done
holds fixed 'its autoscaler scales its deployment, on CPU alone, and the mode is fixed' \
  'of("Deployment")[0] as $it | ($it | env.LEASH_MODE == "fixed" and env.LEASH_LEAK_LIMIT == "192MiB") and (of("HorizontalPodAutoscaler") | length == 1 and all(
   .spec.scaleTargetRef.name == $it.metadata.name and (.spec.metrics | map(.resource.name) == ["cpu"]) and .spec.minReplicas > 1))
   and ($it.spec | has("replicas") | not)'
for name in fixed leaky load; do
  holds "$name" 'the public service has no admin port, which has a service of its own' \
    '[of("Service")[] | {admin: (.metadata.name | startswith("leash-admin")), ports: [.spec.ports[].name]}]
     | length > 1 and all(.ports == (if .admin then ["admin"] else ["http"] end))'
  holds "$name" 'every image has a tag, and a token is optional' \
    '[of("Deployment", "Job")[].spec.template.spec.containers[] | (.image | test(":[0-9]")), (.env[] | select(.name == "LEASH_ADMIN_TOKEN").valueFrom.secretKeyRef.optional)] | length > 1 and all'
done
holds monitoring 'the dashboard is there for the sidecar' \
  '[of("ConfigMap")[] | .metadata.labels.grafana_dashboard == "1" and (.data["leash.json"] | fromjson | .panels | length > 5)] == [true]'
holds leaky 'it leaks until it is killed at 64 MiB, and is not scaled' \
  '(of("HorizontalPodAutoscaler") | length == 0) and (of("Deployment")[0] | env.LEASH_MODE == "leaky" and env.LEASH_LEAK_LIMIT == "0"
   and .spec.template.spec.containers[0].resources.limits.memory == "64Mi" and .spec.replicas == 1)'
holds load 'the pods of the job share the load of one process of each mode, and none is tried again' \
  '(of("Job") | length == 1 and all(.spec | .completionMode == "Indexed" and .completions == .parallelism and .completions > 1 and .backoffLimitPerIndex == 0))
   and (of("HorizontalPodAutoscaler") | length == 0) and (of("Deployment") | map(.spec.replicas) == [1, 1])'
holds load 'the job asks services that are there' \
  '[of("Service")[] | .metadata.name as $name | .spec.ports[] | "\($name):\(.port)"] as $there
   | [of("Job")[0].spec.template.spec.containers[0].args[] | capture("http://(?<at>[^/]+)/").at] | length == 4 and all(IN($there[]))'
jq -se '.[0][0].spec as $monitor | [.[1][] | select(.kind == "Deployment").spec.template] | length == 2
    and all((.metadata.labels + $monitor.selector.matchLabels) == .metadata.labels and .metadata.labels[$monitor.jobLabel] == "leash"
    and .metadata.labels["app.kubernetes.io/instance"] != null and ([.spec.containers[0].ports[].name] | index($monitor.podMetricsEndpoints[0].port)))' \
  <(jq 'map(select(.kind == "PodMonitor" and .metadata.name == "leash"))' "$scratch/monitoring.json") "$scratch/load.json" >/dev/null || fail 'the monitor does not find the pods'
jq -se '.[0][0].spec as $monitor | [.[1][] | select(.kind == "Job").spec.template] | length == 1
    and all((.metadata.labels + $monitor.selector.matchLabels) == .metadata.labels
    and ([.spec.containers[0].ports[].name] | index($monitor.podMetricsEndpoints[0].port)))' \
  <(jq 'map(select(.kind == "PodMonitor" and .metadata.name == "leash-load"))' "$scratch/monitoring.json") "$scratch/load.json" >/dev/null || fail 'the monitor does not find the load generator'

# The programs take these options.
while read -r variable; do
  option=--$(tr '[:upper:]_' '[:lower:]-' <<<"${variable#LEASH_}")
  "$build/bin/leash-server" --help | grep -E -- "^ +$option( |$)" >/dev/null || fail "$variable is no option of leash-server"
done < <(jq -r '.[] | select(.kind == "Deployment").spec.template.spec.containers[0].env[].name' "$scratch/load.json" | sort -u)
while read -r option; do
  "$build/bin/leash-load" compare --help | grep -E -- "^ +$option( |$)" >/dev/null || fail "$option is no option of leash-load compare"
done < <(jq -r '.[] | select(.kind == "Job").spec.template.spec.containers[0].args[] | select(startswith("--")) | split("=")[0]' "$scratch/load.json")
echo "$(jq -s 'add | length' "$scratch"/{fixed,leaky,load,monitoring}.json) objects are valid and fit together."
