"""The whole public site as files, for nginx, a CDN or an object store.

Bytes and header fields come from the very application that serves readers, so they cannot differ
from it. ``layout`` says where they lie, and ``nginx`` how they are served from there.
"""

from service.export.folder import GRACE_S, Folder, NotOurs
from service.export.memory import Memory, rules_of
from service.export.run import Outcome, Result, Run

__all__ = ["GRACE_S", "Folder", "Memory", "NotOurs", "Outcome", "Result", "Run", "rules_of"]
