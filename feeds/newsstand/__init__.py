"""Feeds out: which feeds exist, their current editions, and how the next one is made."""

from feeds.newsstand.edition_builder import FEEDS_A_RUN
from feeds.newsstand.newsstand import Newsstand

__all__ = ["FEEDS_A_RUN", "Newsstand"]
