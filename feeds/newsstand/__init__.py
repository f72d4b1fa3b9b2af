"""Feeds out: which feeds there are, their current editions, and how the next one is made."""

from feeds.newsstand.newsstand import Newsstand
from feeds.newsstand.press import FEEDS_A_RUN, SPREAD

__all__ = ["FEEDS_A_RUN", "SPREAD", "Newsstand"]
