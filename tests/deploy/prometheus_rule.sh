#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Prints the rules as the object that Prometheus' operator wants:
#   tests/deploy/prometheus_rule.sh >deploy/kubernetes/monitoring/prometheus-rule.yaml
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cat <<'YAML'
# Made of deploy/prometheus/rules/leash.yml: change that, and run tests/deploy/prometheus_rule.sh (it says how).
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: leash
  labels:
    app.kubernetes.io/name: leash
spec:
YAML
sed -n '/^groups:/,$ { s/^\(.\)/  \1/; p }' deploy/prometheus/rules/leash.yml
