#!/usr/bin/env bash
# The browser tests need a real Chromium: finds it, else installs Debian's when we may, else says how and fails.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

how="install it with: sudo apt-get install chromium"
if ! command -v apt-get >/dev/null; then
    echo "No chromium here, and no apt-get to install it with; please install Chromium and put it on PATH." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "No chromium here, and we may not install it; $how" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi

echo "Installing Debian's chromium for the browser tests (once)"
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "chromium could not be installed; $how" >&2
    exit 1
fi
