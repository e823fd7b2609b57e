"""`check:` work: one check or several. Run as `python -m rota.handlers.check`; exits 0 or 1."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rota.handlers.check.kinds import look, subject
from rota.handlers.verdict import say, say_outputs, settings


def main(given: Mapping[str, Any]) -> int:
    """Do the check `{kind, settings}`, or those of the kind `checks` against their threshold."""
    if given["kind"] == "checks":
        block = given["settings"]
        return several(block["checks"], int(block.get("threshold") or 1))
    verdict = look(given["kind"], given["settings"])
    say(f"{'ok' if verdict.ok else 'failed'}: {subject(given['kind'], given['settings'])}: {verdict.text}")
    say_outputs(verdict.outputs)
    return 0 if verdict.ok else 1


def several(checks: Sequence[Mapping[str, Any]], threshold: int) -> int:
    """All of them, one after another, with progress; as many failures as `threshold` make the whole fail."""
    failed = []
    for done, check in enumerate(checks):
        name = check.get("name") or f"{check['kind']} {subject(check['kind'], check['settings'])}"
        say(f"::progress {done}/{len(checks)} {name}")
        verdict = look(check["kind"], check["settings"])
        say(f"{'ok' if verdict.ok else 'failed'}: {name}: {verdict.text}")
        if not verdict.ok:
            failed.append(name)
    say(f"::progress {len(checks)}/{len(checks)} {len(failed)} failed")
    say_outputs({"checks": str(len(checks)), "failed": str(len(failed))})
    if failed and len(failed) < threshold:
        say(f"::warning {', '.join(failed)} failed; {threshold} must fail for the job to fail")
    return 1 if len(failed) >= threshold else 0


if __name__ == "__main__":
    sys.exit(main(settings()))
