# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by scripts/test-docker: makes images from Debian's packages instead of pulling them. Each function works in FOLDER
# and uses LEASH_BASE, the name of the image to build on.

# make_base_image SUITE FOLDER: makes the image again if its contents have changed.
make_base_image() {
  local recipe
  recipe=$(cat scripts/bootstrap tests/deploy/docker/base_image.sh | sha256sum | cut -c 1-16)
  [[ $(docker image inspect --format '{{.Config.Labels.recipe}}' "$LEASH_BASE" 2>/dev/null) != "$recipe" ]] || return 0
  quietly import_base_image "$1" "$2" "$recipe"
}
import_base_image() {
  tests/deploy/docker/base_image.sh "$1" "$2" |
    docker import --change "LABEL recipe=$3" --change 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' \
      --change 'ENV HOME=/root LEASH_SKIP_BOOTSTRAP=1' - "$LEASH_BASE" # there are no users, and dpkg knows no package
}

# use_compiler_cache FOLDER: makes a base image with the recent part of this machine's compiler cache, and sets LEASH_BASE to
# it. The cache is useful if the sources are in the same folder (--build-arg SOURCE) and are compiled together as in CI
# (--build-arg UNITY). (Names with a dot are files that are still being written.)
use_compiler_cache() {
  command -v ccache >/dev/null || return 1
  local context=$1/ccache cache variable
  cache=$(ccache --get-config cache_dir)
  [[ -d $cache ]] || return 1
  rm -rf "$context"
  mkdir "$context"
  (cd "$cache" && find . -type f -name '*[RM]' ! -name '*.*' -printf '%T@ %s %p\n' | sort -rn |
    awk '(sum += $2) < 400e6 { print $3 }' | xargs -r cp --parents --preserve=timestamps -t "$context")
  {
    printf 'FROM %s\nCOPY . /root/.cache/ccache\n' "$LEASH_BASE"
    # The output of a compiler depends on these, so ccache hashes them.
    for variable in LANG LC_ALL LC_CTYPE LC_MESSAGES; do
      [[ ! -v $variable ]] || printf 'ENV %s="%s"\n' "$variable" "${!variable}"
    done
  } >"$context/Dockerfile"
  export LEASH_BASE=leash-test:base
  quietly docker build --tag "$LEASH_BASE" "$context"
  rm -rf "$context"
}

# make_prometheus_image NAME FOLDER: replaces prom/prometheus by this machine's Prometheus and its libraries, with the same
# paths, user (nobody) and defaults.
make_prometheus_image() {
  local root=$2/prometheus
  rm -rf "$root"
  mkdir -p "$root/bin" "$root/etc/prometheus" "$root/prometheus"
  cp "$(type -P prometheus)" "$(type -P promtool)" "$root/bin/"
  ldd "$root"/bin/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs -r cp --dereference --parents -t "$root"
  chown 65534:65534 "$root/prometheus"
  quietly import_prometheus_image "$1" "$root"
  rm -rf "$root"
}
import_prometheus_image() {
  tar -C "$2" -c . | docker import \
    --change 'USER 65534:65534' --change 'WORKDIR /prometheus' --change 'VOLUME ["/prometheus"]' --change 'EXPOSE 9090' \
    --change 'ENV PATH=/bin' --change 'ENTRYPOINT ["/bin/prometheus"]' \
    --change 'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]' - "$1"
}
