"""The public web service: feeds, pages, the hub, the API, health checks and metrics.

It is a Flask application behind a middleware that answers most feed requests from memory.
"""

from service.web.app import create_app, shared_routes
from service.web.cache_middleware import IGNORED_HEADERS, CacheMiddleware, HeaderLine, KnownRequest
from service.web.change_detector import ChangeDetector
from service.web.document_cache import DocumentCache
from service.web.looks import assets_for
from service.web.readership import CountedAnswer, ReadershipWriter, RequestCounter, Tally
from service.web.redirect_uses import RedirectCounter, RedirectUseWriter
from service.web.replies import Reply
from service.web.wsgi_adapter import WsgiAdapter

__all__ = [
    "IGNORED_HEADERS",
    "CacheMiddleware",
    "ChangeDetector",
    "CountedAnswer",
    "DocumentCache",
    "HeaderLine",
    "KnownRequest",
    "ReadershipWriter",
    "RedirectCounter",
    "RedirectUseWriter",
    "Reply",
    "RequestCounter",
    "Tally",
    "WsgiAdapter",
    "assets_for",
    "create_app",
    "shared_routes",
]
