"""The HTTP API for publishing releases; docs/api.md describes it for users.

The intake decides what a valid release is, and what is wrong with an invalid one, as it does for
files. This package decides who may do what, and how HTTP expresses it.
"""

from service.web.api.routes import make_blueprint

__all__ = ["make_blueprint"]
