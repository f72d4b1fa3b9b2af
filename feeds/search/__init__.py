"""Turns texts and searches into the same terms, for both databases, and marks what was found."""
