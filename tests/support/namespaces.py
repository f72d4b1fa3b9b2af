"""Machines of one network, each a network namespace of its own (ip-netns(8)). Needs root and ip."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

#: Namespaces and links of two runs at once must not have one name, and a name has 15 characters.
_TAG = f"cq{os.getpid() % 100_000}"


@dataclass(frozen=True, slots=True)
class Machine:
    """A namespace with two cables: one to where its store is, one to everybody else."""

    number: int
    namespace: str
    address: str  #: on the network of everybody
    _store_cable: str

    def command(self, *words: str) -> list[str]:
        """How to run a command there."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def lose_store(self) -> None:
        """Pull the cable to the store: nothing is closed and nothing refused."""
        _ip("link", "set", self._store_cable, "down")

    def find_store(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self._store_cable, "up")


@dataclass(frozen=True, slots=True)
class Network:
    """Some machines. This process stands outside of them, on both of their networks."""

    machines: tuple[Machine, ...]
    store_address: str  #: ours, on the network that leads to the store
    public_address: str  #: ours, on the network of everybody


@contextmanager
def network(machines: int) -> Iterator[Network]:
    """So many machines, until the end of the block."""
    block = os.getpid() % 250
    store, public = f"10.217.{block}", f"10.218.{block}"
    with ExitStack() as stack:
        for name, prefix in ((f"{_TAG}s", store), (f"{_TAG}p", public)):
            _ip("link", "add", name, "type", "bridge")
            stack.callback(_ip, "link", "del", name)
            _ip("address", "add", f"{prefix}.1/24", "dev", name)
            _ip("link", "set", name, "up")
        made = [_machine(stack, number, store, public) for number in range(machines)]
        yield Network(tuple(made), f"{store}.1", f"{public}.1")


def _machine(stack: ExitStack, number: int, store: str, public: str) -> Machine:
    namespace = f"{_TAG}-{number}"
    _ip("netns", "add", namespace)
    # Its ends of the cables go with it, and with them ours.
    stack.callback(_ip, "netns", "del", namespace)
    _ip("-n", namespace, "link", "set", "lo", "up")
    for network_name, prefix in (("s", store), ("p", public)):
        cable = f"{_TAG}{network_name}{number}"
        _ip("link", "add", cable, "type", "veth", "peer", "name", network_name, "netns", namespace)
        _ip("link", "set", cable, "master", f"{_TAG}{network_name}", "up")
        address = f"{prefix}.{number + 2}/24"
        _ip("-n", namespace, "address", "add", address, "dev", network_name)
        _ip("-n", namespace, "link", "set", network_name, "up")
    return Machine(number, namespace, f"{public}.{number + 2}", f"{_TAG}s{number}")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
