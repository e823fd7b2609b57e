"""Time zones by name."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*[+-][0-9]{1,2}(?::?[0-9]{2})?", re.IGNORECASE)
_LETTERS = {
    **dict.fromkeys(("PT", "PST", "PDT"), "America/Los_Angeles"),
    **dict.fromkeys(("CT", "CST", "CDT"), "America/Chicago"),
    **dict.fromkeys(("ET", "EDT"), "America/New_York"),
    **dict.fromkeys(("MT", "MDT"), "America/Denver"),
    **dict.fromkeys(("CEST", "MESZ", "MEZ"), "Europe/Berlin"),
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "AEST": "Australia/Sydney",
}


@cache
def find(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, or None when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no zone, a path, a folder of the database
        return None


def hint(name: str) -> str:
    """What to write instead of a name that is no zone."""
    if name.upper() in _LETTERS:
        return f'did you mean "{_LETTERS[name.upper()]}"? Short names are not zones'
    if _OFFSET.fullmatch(name.strip()):
        return "an offset knows no clock changes: use a name such as Europe/Berlin, or UTC"
    if name.startswith(("/", ".")):
        return "use a name such as Europe/Berlin or UTC, not a path"
    known = {zone.lower(): zone for zone in available_timezones()}
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    plain = name.strip().lower().replace(" ", "_")
    near = get_close_matches(plain, known, n=1, cutoff=0.7)
    if near:
        return f'did you mean "{known[near[0]]}"?'
    city = get_close_matches(plain, cities, n=1, cutoff=0.8)
    if city:
        return f'did you mean "{known[cities[city[0]]]}"?'
    return "use a name such as Europe/Berlin or UTC"
