"""A house, and its doors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from oneroom_client.backoff import Backoff
from tests.browser import House
from tests.oneroom_client.house import open_house
from tests.oneroom_client.rooms import DOORS


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects at once."""
    monkeypatch.setattr(Backoff, "next", lambda self: 0.01)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, house: House) -> str:
    return DOORS[request.param](house)
