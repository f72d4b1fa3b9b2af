"""HTML bodies as trees: what their markup means becomes elements that every reader knows.

Each module here changes the tree for one reason. `feeds.ingest.bodies.cleaning` says in
what order, and what may stay.
"""
