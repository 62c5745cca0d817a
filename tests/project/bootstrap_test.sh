#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# scripts/bootstrap on machines that are not as it wishes: each is a PATH with stand-ins.
# shellcheck source=tests/project/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

machine=$scratch/machine
new_machine() {
  rm -rf "$machine"
  mkdir "$machine"
  local tool
  for tool in bash env dirname grep cat true; do ln -s "$(type -P "$tool")" "$machine/$tool"; done
}
stand_in() { # stand_in NAME SCRIPT
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$machine/$1"
  chmod +x "$machine/$1"
}
everything_installed='shift 2; for p in "$@"; do echo "$p installed"; done'

new_machine
run env PATH="$machine" scripts/bootstrap
status_is 1
one_line_says 'has no apt-get'

run env PATH="$machine" LEASH_SKIP_BOOTSTRAP=1 scripts/bootstrap
status_is 0

new_machine
stand_in dpkg-query "$everything_installed"
stand_in apt-get "touch '$scratch/apt-get-was-called'; exit 1"
run env PATH="$machine" scripts/bootstrap
status_is 0
[[ ! -e $scratch/apt-get-was-called ]] || fail 'apt-get was called although nothing is missing'

# Playwright is of npm's registry: by npm, or by curl where there is no npm. Once it is there, nothing is asked.
new_machine
for tool in mkdir mktemp rm mv tar gzip sha512sum; do ln -s "$(type -P "$tool")" "$machine/$tool"; done
stand_in dpkg-query "$everything_installed"
stand_in apt-get "touch '$scratch/apt-get-was-called'; exit 1"
version=$(sed -n 's/^ *playwright=\([0-9.]*\) .*/\1/p' scripts/bootstrap)
archive=playwright-core-$version.tgz
cache=$scratch/cache
mkdir "$scratch/package"
printf '{\n  "version": "%s"\n}\n' "$version" >"$scratch/package/package.json"
tar -czf "$scratch/$archive" -C "$scratch" package
bootstrap_browser() { run env PATH="$machine" XDG_CACHE_HOME="$cache" scripts/bootstrap --browser; }
stand_in curl 'exit 22'
bootstrap_browser
status_is 1
error_says 'playwright-core could not be downloaded'

stand_in curl "[[ \$* == *https://registry.npmjs.org/playwright-core/-/$archive ]] && cat '$scratch/$archive' >\"\${@: -2:1}\""
bootstrap_browser
status_is 1
error_says "$archive is not what it was: its checksum differs"
[[ -z $(ls -A "$cache/leash/node_modules") ]] || fail 'what was not installed is left over'

rm "$machine/sha512sum"
stand_in sha512sum 'true' # as if it were the right one
installs_playwright() {
  bootstrap_browser
  status_is 0
  output_says "installing playwright-core $version"
  cmp "$scratch/package/package.json" "$cache/leash/node_modules/playwright-core/package.json" || fail 'it is not there'
}
installs_playwright
bootstrap_browser
status_is 0
[[ ! -s $scratch/out ]] || fail 'it is installed again'
sed -i 's/"version": "/&0/' "$cache/leash/node_modules/playwright-core/package.json"
installs_playwright # another version is replaced
stand_in curl 'exit 22'
stand_in npm "[[ \$1 == pack && \${@: -1} == playwright-core@$version ]] && cat '$scratch/$archive' >\"\${@: -2:1}/$archive\""
rm -r "$cache"
installs_playwright

# Named, not installed, whatever is missing.
new_machine
stand_in dpkg-query 'true'
stand_in apt-get "touch '$scratch/apt-get-was-called'; exit 1"
run env PATH="$machine" scripts/bootstrap --build-only --list
status_is 0
output_says '^g++$'
! grep -q '^git$' "$scratch/out" || fail 'what only developing needs is listed'
[[ ! -e $scratch/apt-get-was-called ]] || fail 'apt-get was called though only names were asked for'

# One package is missing and apt-get cannot help.
new_machine
stand_in dpkg-query "$everything_installed | grep -v '^curl '"
stand_in apt-get 'echo "E: no network" >&2; exit 100'
stand_in sudo 'shift $(( $1 == "-n" )); exec "$@"'
run env PATH="$machine" scripts/bootstrap
status_is 1
output_says '^bootstrap: installing curl$'
error_says 'apt-get update failed'

# What is installed as a service is not to start, neither now nor at the next boot; but nginx that somebody has stays.
new_machine
ln -s "$(type -P rm)" "$machine/rm"
stand_in apt-get 'true'
stand_in tee "cat >'$scratch/policy'"
stand_in chmod 'true'
stand_in sudo 'shift $(( $1 == "-n" )); exec "$@"'
for tool in update-rc.d systemctl; do stand_in "$tool" "echo $tool \"\$*\" >>'$scratch/services'"; done
stand_in dpkg-query "$everything_installed | grep -vE '^(docker.io|haproxy|nginx|nginx-light) '"
run env PATH="$machine" scripts/bootstrap --docker --peers
status_is 0
printf '%s\n' 'update-rc.d docker disable' 'update-rc.d nginx disable' 'update-rc.d haproxy disable' \
  'systemctl disable docker.socket containerd.service' | sort >"$scratch/wanted"
sort "$scratch/services" | diff "$scratch/wanted" - || fail 'other services were disabled'
[[ -e /usr/sbin/policy-rc.d ]] || grep -q 'exit 101' "$scratch/policy" || fail 'services may start while they are installed'

rm "$scratch/services"
stand_in dpkg-query "$everything_installed | grep -vE '^(haproxy|nginx-light) '"
run env PATH="$machine" scripts/bootstrap --peers
status_is 0
[[ $(<"$scratch/services") == 'update-rc.d haproxy disable' ]] || fail "nginx, or another service, was disabled: $(<"$scratch/services")"
