#!/usr/bin/env bash
# Everything that must hold, cheapest first; stops at the first stage that fails.
# Each level is a pytest process of its own: the browser's driver and asyncio tests don't share one.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
code="daemon catalog renderers tests bench"

stage() {
    local name=$1 began=$SECONDS
    shift
    echo "== $name"
    "$@" || { echo "== $name failed"; exit 1; }
    echo "== $name: $((SECONDS - began)) s"
}

stage "chromium" bash tests/browser/ensure-chromium.sh
stage "format" $bin/ruff format --check --quiet $code
stage "lint" $bin/ruff check --quiet $code
stage "types" $bin/mypy
stage "architecture" $bin/lint-imports
stage "unit, property, contract" $bin/pytest -q tests/unit tests/property tests/contract tests/test_*.py
stage "integration" $bin/pytest -q tests/integration
stage "crash" $bin/pytest -q tests/crash
stage "browser" $bin/pytest -q tests/browser
echo "== all of it: $SECONDS s"
