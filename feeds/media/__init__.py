"""What kinds of files there are by their bytes, and what pictures say about themselves."""
