# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by tests that need packages of npm's: those of npm/package-lock.json, once installed kept in the build folder.
#
#   need_npm BUILD_FOLDER   sets npm_folder, or ends the test as skipped (status 77)

need_npm() {
  local source
  source=$(dirname "${BASH_SOURCE[0]}")/npm
  npm_folder=$1/deploy-npm
  command -v npm >/dev/null || { echo 'skipped: there is no npm'; exit 77; }
  mkdir -p "$npm_folder"
  (
    flock 9
    ! cmp -s "$source/package-lock.json" "$npm_folder/installed" || exit 0
    cp "$source/package.json" "$source/package-lock.json" "$npm_folder/"
    cd "$npm_folder"
    timeout 300 npm ci --ignore-scripts --prefer-offline --no-audit --no-fund >npm.log 2>&1 || exit 1
    cp package-lock.json installed
  ) 9>"$npm_folder/lock" || { tail -n 3 "$npm_folder/npm.log"; echo 'skipped: npm cannot install its packages (see above)'; exit 77; }
}
