#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Runs a test that works the live page in Chromium, by Playwright; exit status 77, which skips it, if one of them is
# missing. LEASH_SCREENSHOTS=FOLDER keeps pictures of what it saw.
# usage: in_browser.sh TEST.mjs [ARGUMENT…]
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

skip() {
  printf 'skipped: there is no %s (scripts/bootstrap --browser installs it)\n' "$1"
  exit 77
}
for tool in node chromium; do type -P "$tool" >/dev/null || skip "$tool"; done
[[ -d $node_modules/playwright-core ]] || skip playwright-core
CHROMIUM=$(type -P chromium)
export CHROMIUM NODE_PATH=$node_modules
exec node "$@"
