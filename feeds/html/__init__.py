"""HTML as a tree: read once, changed and written by whoever needs it."""
