"""The desk: pages of the press office over the newsroom. It has no rules of its own."""

from service.web.desk import (
    drafts,
    home,
    operating,
    publishing,
    readers,
    releases,
    signing_in,
    waiting,
)
from service.web.desk.entrance import desk

__all__ = [
    "desk",
    "drafts",
    "home",
    "operating",
    "publishing",
    "readers",
    "releases",
    "signing_in",
    "waiting",
]
