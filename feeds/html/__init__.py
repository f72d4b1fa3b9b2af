"""Parsed HTML: the tree, plain text and summaries made from it."""
