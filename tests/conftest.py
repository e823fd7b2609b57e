"""For tests of all levels: what an example of a property costs is no business of the property."""

from __future__ import annotations

from hypothesis import settings

# A machine with other things to do makes any example slow now and then; costs have tests of their own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
