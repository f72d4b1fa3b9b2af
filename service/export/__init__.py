"""Exports the whole public site as files, for nginx, a CDN or an object store.

Bytes and header fields come from the application that serves readers, so that they cannot differ.
``layout`` defines where the files are, and ``nginx`` how they are served.
"""

from service.export.folder import GRACE_S, Folder, ForeignFolder
from service.export.nginx.redirects import redirects_for_nginx
from service.export.run import AddressOutcome, ExportMemory, ExportResult, ExportRun, rules_of

__all__ = [
    "GRACE_S",
    "AddressOutcome",
    "ExportMemory",
    "ExportResult",
    "ExportRun",
    "Folder",
    "ForeignFolder",
    "redirects_for_nginx",
    "rules_of",
]
