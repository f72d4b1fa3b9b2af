"""Exports and feeds of other systems in, items out that can be taken in as releases."""
