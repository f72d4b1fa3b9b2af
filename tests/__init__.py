"""The tests. A package, as a library brings along another one of this name."""
