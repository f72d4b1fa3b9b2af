"""HTML bodies: their markup becomes elements that every reader knows.

Each module changes the tree for one reason. `feeds.ingest.bodies.cleaning` calls them in order, and
has the allow-list.
"""
