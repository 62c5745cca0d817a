#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Writes, as a tar file to standard output, a Debian that can stand in for debian:SUITE-slim where no registry can be
# reached: what is essential, and what the Dockerfile would install by apt-get, because its containers have no network.
#
#   base_image.sh bookworm FOLDER | docker import - debian:bookworm-slim
#
# Packages are unpacked and no more: compiling, which is all that is done in it, needs nothing of what their scripts would
# set up, and to run those takes as long as all the rest. Works in FOLDER, where mmdebstrap cleans up even when it is killed.
set -euo pipefail

suite=$1
folder=$2
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../scripts" && pwd)

packages=$("$scripts/bootstrap" --build-only --list | paste -sd,)
if [[ $suite == bookworm ]]; then packages+=,node-llhttp; else packages+=,libllhttp-dev; fi
mkdir -p "$folder"
# The names of the compilers are what scripts would have made, after all. apt-get, as mmdebstrap calls it, fails where
# descriptors of a caller's from 7 up are open.
TMPDIR=$folder exec mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --setup-hook='mkdir -p "$1/usr/bin" && ln -s gcc "$1/usr/bin/cc" && ln -s g++ "$1/usr/bin/c++"' \
  --include='?essential' --include="ccache,$packages" "$suite" - http://deb.debian.org/debian 2>"$folder/base-image.log" 7>&- 8>&- 9>&-
