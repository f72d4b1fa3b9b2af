"""Durations as a line of the log shows them."""

from datetime import timedelta


def delay_in_short(delay: timedelta) -> str:
    """``0.35s``, ``12s``, ``10m``: short delays to the hundredth."""
    seconds = delay.total_seconds()
    return f"{seconds:.2f}s" if seconds < 10 else in_short(delay)


def in_short(duration: timedelta) -> str:
    """``45s``, ``10m``, ``2h5m``: rounded to what a person would say."""
    seconds = round(duration.total_seconds())
    if seconds < 120:
        return f"{seconds}s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if minutes else f"{hours}h"
