"""The root of the service's errors. The domain's own errors are in `feeds.errors`."""


class ServiceError(Exception):
    """The root of every error that `service` raises on purpose."""
