"""A newsroom that is published through over HTTP, on a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.web.api.pressroom import Pressroom, open_pressroom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Pressroom]:
    """A newsroom of one's own."""
    with open_pressroom(tmp_path / "news.db") as room:
        yield room
