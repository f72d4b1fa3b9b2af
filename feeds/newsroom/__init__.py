"""Releases in: adds and corrects them, and reassigns them when the categories change."""

from feeds.newsroom.newsroom import COMMAND, FOLDER, Newsroom

__all__ = ["COMMAND", "FOLDER", "Newsroom"]
