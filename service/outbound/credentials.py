"""Who we are to a server that asks."""

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, for one server (RFC 7617). They print without the password."""

    username: str  #: without a colon
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The ``Authorization`` field."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"
