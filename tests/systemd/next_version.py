"""`next_version.py WHEEL FOLDER`: the same wheel as the next version, written into FOLDER; prints its path.

For the proof of an upgrade: nothing differs but the number.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(wheel: Path, folder: Path) -> None:
    name, old, rest = wheel.name.split("-", 2)
    major, minor, _ = old.split(".", 2)
    new = f"{major}.{int(minor) + 1}.0"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{new}-{rest}"
    here, there = f"{name}-{old}.dist-info", f"{name}-{new}.dist-info"
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for item in before.namelist():
            content = before.read(item)
            if item == f"{here}/METADATA":
                content = content.replace(f"\nVersion: {old}\n".encode(), f"\nVersion: {new}\n".encode(), 1)
            elif item == f"{here}/RECORD":
                content = content.replace(here.encode(), there.encode())
            elif item == f"{name}/__init__.py":
                content = content.replace(f'"{old}"'.encode(), f'"{new}"'.encode())
            after.writestr(item.replace(here, there, 1), content)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
