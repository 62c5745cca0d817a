#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Prints the rules as the object of the Prometheus operator:
#   tests/deploy/prometheus_rule.sh >deploy/kubernetes/monitoring/prometheus-rule.yaml
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cat <<'YAML'
# Generated from deploy/prometheus/rules/leash.yml by tests/deploy/prometheus_rule.sh. Do not edit it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: leash
  labels:
    app.kubernetes.io/name: leash
spec:
YAML
sed -n '/^groups:/,$ { s/^\(.\)/  \1/; p }' deploy/prometheus/rules/leash.yml
