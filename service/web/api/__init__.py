"""The HTTP API that newsrooms publish through; docs/api.md tells it to people.

What is a release, and what is wrong with one, is told by the same intake as for files. This room
knows who may do what, and how HTTP says it.
"""

from service.web.api.routes import make_blueprint

__all__ = ["make_blueprint"]
