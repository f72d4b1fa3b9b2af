"""Releases in: adds and corrects them, and reassigns them when the categories change."""

from feeds.newsroom.newsroom import COMMAND, FOLDER, Newsroom, PendingWork

__all__ = ["COMMAND", "FOLDER", "Newsroom", "PendingWork"]
