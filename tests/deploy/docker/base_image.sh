#!/usr/bin/env bash
# Writes, as a tar file to standard output, a Debian that can stand in for debian:SUITE-slim where no registry can be
# reached: debootstrap's smallest, with what the Dockerfile would install by apt-get already there, because its
# containers have no network.
#
#   base_image.sh bookworm FOLDER | docker import - debian:bookworm-slim
#
# Works in FOLDER/root, which it removes, and in a mount and a process namespace of its own, so that nothing stays
# mounted or running when it is killed.
set -euo pipefail

suite=$1
folder=$2
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../scripts" && pwd)

if [[ ${3:-} != inside ]]; then
  exec unshare --mount --pid --fork --mount-proc --kill-child -- "${BASH_SOURCE[0]}" "$suite" "$folder" inside
fi

root=$folder/root
rm -rf "$root"
mkdir -p "$folder"
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf "$root"' EXIT
trap 'exit 143' TERM # the first process of a namespace ignores what it has no trap for
log=$folder/base-image.log
exec 3>&1 >"$log" 2>&1

debootstrap --variant=minbase "$suite" "$root"
# An image needs no fsync between two packages, and no manuals.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/no-documentation"
mount -t proc proc "$root/proc"

mkdir "$root/scripts"
cp "$scripts/bootstrap" "$scripts/common.sh" "$root/scripts/"
chroot "$root" /scripts/bootstrap --build-only
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends ccache

umount "$root/proc"
rm -rf "$root/scripts" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar -C "$root" -c . >&3
