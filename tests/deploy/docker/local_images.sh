# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by scripts/test-docker: images that are otherwise pulled, made from Debian's packages.
# Each works in FOLDER, and goes by LEASH_BASE, the name of the image to build on.

# make_base_image SUITE FOLDER: made anew when what goes into it has changed.
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

# use_compiler_cache FOLDER: puts what this machine has compiled last into a base image of its own, $LEASH_BASE from now
# on, so that it is not compiled again. The entries fit if the sources lie in the same place, --build-arg SOURCE, and
# are compiled together as CI does: --build-arg UNITY. (Names with a dot are of what is only being written.)
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
    # What a compiler says depends on these, so ccache goes by them.
    for variable in LANG LC_ALL LC_CTYPE LC_MESSAGES; do
      [[ ! -v $variable ]] || printf 'ENV %s="%s"\n' "$variable" "${!variable}"
    done
  } >"$context/Dockerfile"
  export LEASH_BASE=leash-test:base
  quietly docker build --tag "$LEASH_BASE" "$context"
  rm -rf "$context"
}

# make_prometheus_image NAME FOLDER: what stands in for prom/prometheus: this machine's Prometheus with the libraries it
# loads, in the same places, with the same user (nobody) and the same defaults.
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
