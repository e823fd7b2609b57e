#!/bin/bash
# Runs prove.sh in a throw-away machine.
#
#   in-container.sh [RIG] [MODE...]    RIG, or ROTA_SYSTEMD_RIG: a program with `run [MODE] --share DIR SCRIPT ARG...`
#
# MODE is --container unless given, -- for none. The rig mounts DIR at /mnt/share.
# ROTA_PROOF_PACE stretches every wait: 10 for an emulated machine.
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

chmod 755 "$share"
"$python" -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$share/site" "$project"
cp -r "$project/systemd" "$share/systemd"
"$rig" run "$@" --timeout $((900 * pace)) --share "$share" "$here/prove.sh" /mnt/share "$pace"
