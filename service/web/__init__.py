"""The Flask application: feeds for readers, pages for people, health for machinery."""

from service.web.app import create_app
from service.web.desk import WebState

__all__ = ["WebState", "create_app"]
