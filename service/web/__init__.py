"""Feeds for readers, pages for people, health for machinery.

A Flask application, and the layer before it that answers most readers from memory.
"""

from service.web.api import ApiState, Press
from service.web.app import create_app
from service.web.assets import load_assets
from service.web.bridge import Bridge
from service.web.desk import HubState, WebState
from service.web.front import Front
from service.web.heads import UNHEARD
from service.web.replies import Reply
from service.web.shelf import Shelf
from service.web.watch import Watch

__all__ = [
    "UNHEARD",
    "ApiState",
    "Bridge",
    "Front",
    "HubState",
    "Press",
    "Reply",
    "Shelf",
    "Watch",
    "WebState",
    "create_app",
    "load_assets",
]
