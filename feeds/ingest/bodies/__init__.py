"""HTML bodies as trees: what their markup means becomes elements that every reader knows.

Each module here changes the tree for one reason. `feeds.ingest.html_bodies` says in what order, and
what may stay.
"""
