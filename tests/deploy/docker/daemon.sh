# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by scripts/test-docker: a separate Docker daemon, which does not affect the machine.
#
#   start_daemon FOLDER     runs dockerd, which needs root; its images are kept in FOLDER for the next run
#   in_network COMMAND…     runs it in the network where the containers publish ports
#   stop_daemon             stops it and all its containers
#
# It has its own network, mount and process namespaces. Its ports, bridges, firewall rules and mounts are not those of the
# machine, it cannot reach other machines, and all its processes end with it or with the script that started it.

daemon=      # the process id of unshare, the outermost one
daemon_pid=  # that of dockerd
daemon_state= # sockets and the like, short enough for a socket's path
daemon_cgroup=/leash-test-docker

in_network() {
  if [[ -n $daemon_pid ]]; then
    nsenter --net="/proc/$daemon_pid/ns/net" -- "$@"
  else
    "$@"
  fi
}

# Prints the reason and returns 1 if it cannot run here.
start_daemon() {
  local folder=$1 tool reason
  for tool in dockerd docker ip iptables nsenter setpriv; do
    command -v "$tool" >/dev/null || { echo "there is no $tool here"; return 1; }
  done
  mkdir -p "$folder"
  daemon_state=$(mktemp -d /tmp/leash-docker.XXXXXX)
  echo '{}' >"$daemon_state/daemon.json"
  # shellcheck disable=SC2016
  setpriv --pdeathsig KILL -- unshare --net --mount --pid --fork --mount-proc --kill-child -- \
    bash -c 'ip link set lo up && exec dockerd "$@"' dockerd \
    --config-file "$daemon_state/daemon.json" --host "unix://$daemon_state/docker.sock" \
    --data-root "$folder/data" --exec-root "$daemon_state/exec" --pidfile "$daemon_state/docker.pid" \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "$daemon_cgroup" \
    >"$folder/dockerd.log" 2>&1 </dev/null &
  daemon=$!
  export DOCKER_HOST=unix://$daemon_state/docker.sock
  local until=$((SECONDS + 60))
  while ! docker version >/dev/null 2>&1; do
    if ! kill -0 "$daemon" 2>/dev/null || ((SECONDS > until)); then
      reason=$(grep -v 'level=\(info\|debug\|warning\)' "$folder/dockerd.log" | tail -n 1)
      echo "dockerd cannot be started here: ${reason:-see $folder/dockerd.log}"
      stop_daemon
      return 1
    fi
    sleep 0.2
  done
  daemon_pid=$(<"/proc/$daemon/task/$daemon/children")
  daemon_pid=${daemon_pid%% *}
}

stop_daemon() {
  [[ -n $daemon ]] || return 0
  local until=$((SECONDS + 20))
  [[ -z $daemon_pid ]] || kill -TERM "$daemon_pid" 2>/dev/null || true
  while [[ -n $daemon_pid ]] && kill -0 "$daemon" 2>/dev/null && ((SECONDS < until)); do sleep 0.1; done
  kill -KILL "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  daemon='' daemon_pid=''
  rm -rf "$daemon_state"
  find /sys/fs/cgroup -depth -type d -path "*$daemon_cgroup*" -exec rmdir {} + 2>/dev/null || true
}
