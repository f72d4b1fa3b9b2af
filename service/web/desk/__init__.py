"""The desk: pages of the press office over the newsroom. It has no rules of its own."""

from service.web.desk import (
    drafts,
    files,
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
    "files",
    "home",
    "operating",
    "publishing",
    "readers",
    "releases",
    "signing_in",
    "waiting",
]
