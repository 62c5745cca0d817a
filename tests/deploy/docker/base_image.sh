#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Writes a tar file to standard output: a Debian that replaces debian:SUITE-slim if no registry can be reached. It has the
# essential packages and those that the Dockerfile would install, because its containers have no network.
#
#   base_image.sh bookworm FOLDER | docker import - debian:bookworm-slim
#
# Packages are unpacked but not configured, which is enough to compile and halves the time. Works in FOLDER, which is
# cleaned up even if mmdebstrap is killed.
set -euo pipefail

suite=$1
folder=$2
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../scripts" && pwd)

packages=$("$scripts/bootstrap" --build-only --list | paste -sd,)
if [[ $suite == bookworm ]]; then packages+=,node-llhttp; else packages+=,libllhttp-dev; fi
mkdir -p "$folder"
# The links to the compilers are made here, because the packages' scripts do not run. apt-get fails in mmdebstrap if
# descriptors of the caller from 7 up are open.
TMPDIR=$folder exec mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --setup-hook='mkdir -p "$1/usr/bin" && ln -s gcc "$1/usr/bin/cc" && ln -s g++ "$1/usr/bin/c++"' \
  --include='?essential' --include="ccache,$packages" "$suite" - http://deb.debian.org/debian 2>"$folder/base-image.log" 7>&- 8>&- 9>&-
