"""Releases in: adds and corrects them, and reassigns them when the categories change."""

from feeds.newsroom.decisions import FOLDER
from feeds.newsroom.newsroom import COMMAND, Newsroom, PendingWork

__all__ = ["COMMAND", "FOLDER", "Newsroom", "PendingWork"]
