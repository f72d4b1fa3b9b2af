"""Releases in: add and correct them, and refile them when the categories change."""

from feeds.newsroom.newsroom import Newsroom

__all__ = ["Newsroom"]
