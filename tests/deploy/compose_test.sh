#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What must hold of compose.yml, stack.yml, the Dockerfile and scripts/test-docker without Docker at work.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../project/check.sh"

compose=deploy/compose.yml
stack=deploy/stack.yml

# The list items below `ports:` in a file.
ports() { awk '/^ *ports:/ { on = 1 } on { print } !/^ *(ports:|- )/ || /\]/ { on = 0 }' "$1" | grep -o '"[^"]*"'; }

run ports $compose
status_is 0
output_says '18080:8080'
! grep -qv '^"127\.0\.0\.1:' "$scratch/out" || fail "$compose publishes on more than 127.0.0.1"
run ports $stack
[[ ! -s $scratch/out ]] || fail "$stack publishes a port, which a swarm does on every address"

# Prometheus finds the servers by names that a swarm gives by itself and Compose by aliases.
names=$(grep 'names:' deploy/prometheus/prometheus.yml | grep -o 'tasks\.[a-z-]*')
[[ $(wc -l <<<"$names") -eq 3 ]] || fail 'prometheus.yml names other than three services'
for name in $names; do
  run grep -q "aliases: \[$name\]" $compose
  status_is 0
  run grep -q "^  ${name#tasks.}:" $stack
  status_is 0
done

# The context of the image has all that its build reads.
mapfile -t context < <(sed -n 's/^!//p' .dockerignore)
mkdir "$scratch/context"
cp --parents -r "${context[@]}" "$scratch/context"
run cmake -S "$scratch/context" -B "$scratch/image" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLEASH_TESTS=OFF
status_is 0
run ninja -C "$scratch/image" -n leash-server leash-client leash-load
status_is 0
# Headers are found only by compiling, so: every folder that a source includes from is there.
grep -rhoE '^#include "[a-z]+/' "$scratch/context" --include='*.?pp' | cut -d'"' -f2 | sort -u >"$scratch/folders"
while read -r folder; do
  [[ -d $scratch/context/$folder ]] || fail ".dockerignore leaves out $folder"
done <"$scratch/folders"

# The same in both dialects of Compose, where one is installed.
dialects=()
docker compose version &>/dev/null && dialects+=('docker compose')
command -v docker-compose >/dev/null && dialects+=(docker-compose)
for dialect in "${dialects[@]}"; do
  # shellcheck disable=SC2086
  run $dialect -f $compose --profile load config
  status_is 0
  cp "$scratch/out" "$scratch/config"
  # Compose 1 goes by mem_limit, Compose 2 and a swarm by the stack's limit.
  limits=$(sed -n 's/^ *memory: //p' "$scratch/config" | tr 'M' 'm')
  [[ $(wc -l <<<"$limits") -eq 5 && $limits == "$(sed -n 's/^ *mem_limit: //p' "$scratch/config")" ]] ||
    fail "mem_limit in $compose is not what $stack has as limits"
  # Nothing sends load unasked.
  run grep -A 1 'profiles:' "$scratch/config"
  output_says '- load$'
done
if docker stack config --help &>/dev/null; then
  run docker stack config -c $stack
  status_is 0
fi

# Where no daemon can run it is skipped, by a status of its own and with the reason.
machine=$scratch/machine
mkdir "$machine"
for tool in bash env dirname cat mkdir flock date; do ln -s "$(type -P "$tool")" "$machine/$tool"; done
for tool in docker curl jq; do
  printf '#!/bin/sh\nexit 1\n' >"$machine/$tool"
  chmod +x "$machine/$tool"
done
run env PATH="$machine" LEASH_SKIP_BOOTSTRAP=1 LEASH_DOCKER_OUT="$scratch/docker" scripts/test-docker
status_is 77
output_says '^skipped: no Docker daemon answers'
run env PATH="$machine" LEASH_SKIP_BOOTSTRAP=1 LEASH_DOCKER_OUT="$scratch/docker" scripts/test-docker --local-images
status_is 77
output_says '^skipped: '
