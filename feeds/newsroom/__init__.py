"""Releases in: add and correct them, and refile them when the categories change."""

from feeds.newsroom.newsroom import FOLDER, Newsroom

__all__ = ["FOLDER", "Newsroom"]
