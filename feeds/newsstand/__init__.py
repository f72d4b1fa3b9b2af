"""Feeds out: which feeds there are, their current editions, and how the next one is made."""

from feeds.newsstand.newsstand import Newsstand

__all__ = ["Newsstand"]
