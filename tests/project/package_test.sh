#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The Debian packages: lintian has no error, they install, and an example is built against them and runs.
# usage: package_test.sh FOLDER-OF-THE-BUILD
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
build=$1

run cpack --config "$build/CPackConfig.cmake" -B "$scratch/packages"
status_is 0
mapfile -t packages < <(find "$scratch/packages" -maxdepth 1 -name '*.deb' | sort)
[[ ${packages[*]} == *leash-tools_0.2.0-1_*.deb*libleash-dev_0.2.0-1_*.deb ]] || fail "the packages are: ${packages[*]}"


run lintian --allow-root --fail-on error "${packages[@]}"
status_is 0


# A root in which nothing else is installed. Its dependencies are those of this system.
root=$scratch/root
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root/var/lib/dpkg/status"
run dpkg --root="$root" --force-depends --force-not-root --log=/dev/null --install "${packages[@]}"
status_is 0
for file in doc/libleash-dev/copyright doc/leash-tools/copyright; do
  grep -q 'Boost Software License' "$root/usr/share/$file" || fail "$file is not the license"
  grep -q 'llhttp' "$root/usr/share/$file" || fail "$file does not have llhttp's license"
done
for tool in leash-server leash-client leash-load; do
  run "$root/usr/bin/$tool" --version
  status_is 0
  output_says '0\.2\.0'
  zcat "$root/usr/share/man/man1/$tool.1.gz" | grep '^\.SH OPTIONS' >/dev/null || fail "there is no manual page of $tool"
  bash -n "$root/usr/share/bash-completion/completions/$tool" || fail "there is no completion of $tool"
done

cp -r examples/fan_out "$scratch/example"
run cmake -G Ninja -S "$scratch/example" -B "$scratch/example/build" -DCMAKE_PREFIX_PATH="$root/usr"
status_is 0
run cmake --build "$scratch/example/build"
status_is 0
run "$scratch/example/build/fan_out"
status_is 0
output_says '^replica 1$'

# The inspector, in a program that has names which are also inside of it.
cp -r tests/project/consumers/inspector "$scratch/inspector"
run cmake -G Ninja -S "$scratch/inspector" -B "$scratch/inspector/build" -DCMAKE_PREFIX_PATH="$root/usr"
status_is 0
run cmake --build "$scratch/inspector/build"
status_is 0
run "$scratch/inspector/build/service"
status_is 0
LEASH_INSPECT=127.0.0.1:0 run "$scratch/inspector/build/plain"
status_is 0
one_line_says '^leash: the inspector listens on http://127.0.0.1:'
flags=$(PKG_CONFIG_PATH=$(dirname "$(find "$root" -name leash-inspector-auto.pc)") pkg-config --cflags --libs leash-inspector-auto)
# shellcheck disable=SC2086
run g++ -std=c++23 "$scratch/inspector/plain.cpp" $flags -o "$scratch/inspector/plain"
status_is 0
LEASH_INSPECT=nowhere run "$scratch/inspector/plain"
status_is 0
one_line_says 'LEASH_INSPECT: cannot listen on "nowhere"'
