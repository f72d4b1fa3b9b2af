"""The things the domain speaks of, frozen and checked when they are made."""
