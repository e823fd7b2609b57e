"""For tests of all levels: neither how fast the machine is nor which shell started them is their business."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hypothesis import settings

# A machine with other things to do makes any example slow now and then; costs have tests of their own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
if not os.access(Path.cwd(), os.W_OK):  # where would what failed be remembered?
    settings.register_profile("forgetful", deadline=None, database=None)
    settings.load_profile("forgetful")

# Who is started in the background of a script begins without interrupts, and so does all that he starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
