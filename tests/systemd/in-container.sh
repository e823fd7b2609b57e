#!/bin/bash
# Runs the proof in a throw-away machine.
#
#   in-container.sh [RIG] [MODE...]    RIG, or ROTA_SYSTEMD_RIG: a program with `run [MODE] --share DIR SCRIPT ARG...`
#
# MODE is --container unless given, -- for none. The rig mounts DIR at /mnt/share.
# ROTA_PROOF_PACE stretches every wait: 10 for an emulated machine.
# ROTA_PROOF_PARTS names parts of prove.sh, to run only those; shutdown is one that needs machines of its own.
set -eu

rig=${1:-${ROTA_SYSTEMD_RIG:?name the rig as the first argument or in ROTA_SYSTEMD_RIG}}
shift || true
[ $# -gt 0 ] || set -- --container
[ "$1" != -- ] || shift
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
[ -n "${PYTHON:-}" ] || [ ! -x "$project/.venv/bin/python" ] || python=$project/.venv/bin/python
pace=${ROTA_PROOF_PACE:-1}
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

pip() { "$python" -m pip --quiet --disable-pip-version-check "$@"; }

chmod 755 "$share"
pip wheel --no-deps --wheel-dir "$share/wheels" "$project"
pip install --root-user-action ignore --target "$share/site" "$share"/wheels/*.whl
# What rota needs stays; rota itself is installed inside, from its wheel.
rm -rf "$share"/site/{rota,rota_catalog,rota_renderers,bin} "$share"/site/rota-*.dist-info
mkdir "$share/tests"
cp -r "$project/systemd" "$share/systemd"
cp -r "$here" "$share/tests/systemd"

# run SCRIPT ARG...: in a machine of its own
run() { "$rig" run "${mode[@]}" --timeout $((900 * pace)) --share "$share" "$here/$1" /mnt/share "$pace" "${@:2}"; }

mode=("$@")
parts=${ROTA_PROOF_PARTS:-}
status=0
if [ "$parts" != shutdown ]; then
  # shellcheck disable=SC2086  # words, not one
  run prove.sh $parts || status=$?
  if [ "$status" != 0 ] || [ -n "$parts" ]; then exit "$status"; fi
fi

# The machine goes down in the midst of it, which the rig takes for a failure of its own.
run shutdown.sh before >"$share/before.log" 2>&1 || status=$?
[ -s "$share/state.tar" ] || { cat "$share/before.log"; exit "$status"; }
run shutdown.sh after
