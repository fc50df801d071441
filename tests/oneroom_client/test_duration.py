"""Times as people write them."""

from __future__ import annotations

import pytest

from oneroom_client.duration import seconds


@pytest.mark.parametrize(
    ("written", "meant"), [("10s", 10), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("1.5", 1.5)]
)
def test_a_time_is_seconds(written: str, meant: float) -> None:
    assert seconds(written) == meant


@pytest.mark.parametrize("written", ["", "s", "-1s", "10 days", "1e9"])
def test_what_is_no_time_says_so(written: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        seconds(written)
