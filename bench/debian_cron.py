"""Debian's cron as a contender, with mounts of its own so that it touches nothing of the host."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from peers import PEERS, Contender, JobLine

CRON = "Debian cron"
PACKAGE = PEERS / "cron"
# Only its spool is there, on a file system of its own; the lines of the table name no user.
INSIDE = """
mount -t tmpfs none /var/spool
mkdir -p -m 755 /var/spool/cron/crontabs
install -m 600 "$1" /var/spool/cron/crontabs/root
mount -t tmpfs none /run
[ ! -d /etc/cron.d ] || mount -t tmpfs none /etc/cron.d
[ ! -f /etc/crontab ] || mount --bind /dev/null /etc/crontab
exec -a "cron $1" "$0" -f
"""


def program() -> str:
    """The path of cron, fetched by apt when the host has none; empty when there is no way to have it."""
    found = shutil.which("cron", path="/usr/sbin:/sbin:/usr/bin")
    fetched = PACKAGE / "usr/sbin/cron"
    if found or fetched.exists():
        return found or str(fetched)
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return ""
    PACKAGE.mkdir(parents=True, exist_ok=True)
    get = subprocess.run(["apt-get", "download", "cron"], check=False, cwd=PACKAGE, capture_output=True)
    packages = list(PACKAGE.glob("cron_*.deb"))
    if get.returncode != 0 or not packages:
        return ""
    subprocess.run(["dpkg", "-x", str(packages[0]), str(PACKAGE)], check=True)
    return str(fetched) if fetched.exists() else ""


def why_not() -> str:
    """Why it can't take part; empty when it can."""
    if os.geteuid() != 0:
        return "it needs root, for mounts of its own"
    if not shutil.which("unshare"):
        return "it needs unshare, for mounts of its own"
    return "" if program() else "there is no cron here, and apt can't fetch it"


def contender(folder: Path, jobs: Sequence[JobLine]) -> Contender:
    """All jobs in root's table. Output is mailed where there is a mailer, else dropped; nothing is stored."""
    table = folder / "crontab"
    table.write_text("".join(f"{job.cron} {_text(job.argv)}\n" for job in jobs))
    inside = ["bash", "-ec", INSIDE, program(), str(table)]
    return Contender(CRON, ["unshare", "--mount", *inside], ["true"])


def _text(argv: Sequence[str]) -> str:
    """% begins the input of a command there."""
    return shlex.join(argv).replace("%", "\\%")
