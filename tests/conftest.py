"""The tests' own surroundings: one time zone, and the same examples each time."""

from __future__ import annotations

import os
import time

from hypothesis import settings

# Times in the text view are the server's local ones.
os.environ["TZ"] = "UTC"
time.tzset()
# What whoever runs the tests has written down is not theirs.
os.environ["ONEROOM_CONFIG"] = os.devnull

# Found examples are kept by being written down as tests, not in a directory.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
