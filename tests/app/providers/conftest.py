"""The fake vendors, fresh for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.app.providers.fake import Fake, serving


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    async with serving() as started:
        yield started
