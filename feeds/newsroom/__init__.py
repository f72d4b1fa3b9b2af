"""Releases in: add and correct them, and refile them when the categories change."""

from feeds.newsroom.newsroom import COMMAND, FOLDER, Newsroom

__all__ = ["COMMAND", "FOLDER", "Newsroom"]
