"""How much is under way, and to whom: what one host may not take from the others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Load:
    """Counts what is under way. Not safe to share between threads."""

    def __init__(self, *, most: int, most_a_host: int) -> None:
        """Begin with nothing.

        Args:
            most: That may be under way.
            most_a_host: That may be under way to one host.
        """
        self.count = 0
        self._most = most
        self._most_a_host = most_a_host
        self._by_host: Counter[str] = Counter()
        self._full: set[str] = set()

    @property
    def room(self) -> int:
        """How much more may begin."""
        return self._most - self.count

    @property
    def full_hosts(self) -> list[str]:
        """Hosts to which nothing more may begin."""
        return [*self._full]

    def add(self, host: str) -> bool:
        """Count one more if it may begin; says whether it may."""
        if host in self._full or self.count >= self._most:
            return False
        self.count += 1
        self._by_host[host] += 1
        if self._by_host[host] >= self._most_a_host:
            self._full.add(host)
        return True

    def take_off(self, host: str) -> None:
        """Count one less."""
        self.count -= 1
        self._by_host[host] -= 1
        self._full.discard(host)
        if not self._by_host[host]:
            del self._by_host[host]

    @contextmanager
    def unless_it_fails(self) -> Iterator[None]:
        """Count within the block; what raises there has changed nothing."""
        before = self._by_host.copy(), self._full.copy(), self.count
        try:
            yield
        except BaseException:
            self._by_host, self._full, self.count = before
            raise
