"""Asks a running service for its state, over a socket of its user's, without loading the program.

The jobs process answers. Its socket lies in memory, in a folder that only its user may open, under
a name that the path of the configuration gives it: whoever asks has read no configuration yet.
"""

import json
import os
import socket
import stat
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The prefix of the environment variables that a configuration depends on.
VARIABLES = "COMMUNIQUE_"

#: How long to wait for the answer: as long as a large store takes, or a process that is frozen.
ANSWER_WITHIN_S = 3.0

#: How long a client may take to ask.
_ASKED_WITHIN_S = 2.0

#: Variables and overrides of a call.
_MAX_QUESTION_BYTES = 4_000_000

_UNIX = socket.AF_UNIX

#: A folder in memory that every Linux has. The fall-back is the folder for temporary files.
_MEMORY, _TEMPORARY = "/dev/shm", "/tmp"  # noqa: S108  # the folder in it is checked

Question = Mapping[str, Any]
#: Returns the state, or None if the question is about another service.
Answer = Callable[[Question], Mapping[str, Any] | None]


#: What tells this program from a later one: where it is, and when it was written. Read when a
#: process starts: an upgrade replaces the files of a running one.
_PROGRAM = f"{Path(__file__).resolve()} {Path(__file__).stat().st_mtime_ns}"


def ask_service(config: Path, overrides: Sequence[str]) -> Any:
    """Returns the answer of the running service to a call with this configuration.

    Args:
        config: The path of ``communique.yaml``.
        overrides: The values of ``--set``.

    Returns:
        None if no service on this machine answers, or not for this call: the state has to be read
        from the store then. It is never one that was kept: the service reads it when it is asked.
    """
    path_of_config = str(config.absolute())
    question = {
        "program": _PROGRAM,
        "config": path_of_config,
        "environ": {name: os.environ[name] for name in os.environ if name.startswith(VARIABLES)},
        "overrides": list(overrides),
    }
    for path in _sockets(path_of_config):
        with suppress(OSError, ValueError):
            answer = json.loads(_sent(path, json.dumps(question).encode()))
            if answer is not None:
                return answer
    return None


def _sent(path: Path, question: bytes) -> bytes:
    with socket.socket(_UNIX) as line:
        line.settimeout(ANSWER_WITHIN_S)
        line.connect(str(path))
        line.sendall(question)
        line.shutdown(socket.SHUT_WR)
        return _all_of(line)


def _all_of(line: socket.socket) -> bytes:
    pieces, size = [], 0
    while piece := line.recv(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_QUESTION_BYTES:
            raise ValueError("more than a question or an answer has")
    return b"".join(pieces)


class StatusLine:
    """Answers those who ask, one after the other, in a thread of its own."""

    def __init__(self, config: Path, answer: Answer) -> None:
        """Listens to nobody yet.

        Args:
            config: The path of the configuration that the service was started with.
            answer: Returns the state.
        """
        self._config = str(config.absolute())
        self._answer = answer
        self._path: Path | None = None
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Starts to answer. Without a folder for the socket nobody is answered."""
        for folder in _folders():
            with suppress(OSError):
                folder.mkdir(mode=0o700)
            if _is_private(folder) and self._listen(folder):
                return

    def _listen(self, folder: Path) -> bool:
        _remove_dead(folder)
        path, listener = folder / f"{_name(self._config)}-{os.getpid()}", socket.socket(_UNIX)
        try:
            listener.bind(str(path))
            listener.listen()
        except OSError:
            listener.close()
            return False
        self._path, self._listener = path, listener
        threading.Thread(target=self._serve, args=[listener], name="status", daemon=True).start()
        return True

    def stop(self) -> None:
        """Answers nobody any more."""
        if self._listener is None or self._path is None:
            return
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the wait of the thread
        self._listener.close()
        with suppress(OSError):
            self._path.parent.rmdir()  # unless another service's is there

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            # What another program sends may be anything.
            with line, suppress(OSError, ValueError, LookupError, TypeError):
                line.settimeout(_ASKED_WITHIN_S)
                question = json.loads(_all_of(line))
                line.sendall(json.dumps(self._answer_to(question)).encode())

    def _answer_to(self, question: Question) -> Mapping[str, Any] | None:
        is_ours = question["program"] == _PROGRAM and question["config"] == self._config
        return self._answer(question) if is_ours else None


def _sockets(config: str) -> Iterator[Path]:
    for folder in _folders():
        if _is_private(folder):
            yield from folder.glob(f"{_name(config)}-*")


def _remove_dead(folder: Path) -> None:
    """Removes the sockets of processes that were killed."""
    for path in folder.iterdir():
        with socket.socket(_UNIX) as line, suppress(OSError):
            line.settimeout(_ASKED_WITHIN_S)
            try:
                line.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _folders() -> Iterator[Path]:
    for parent in dict.fromkeys((_MEMORY, os.environ.get("TMPDIR", _TEMPORARY))):
        yield Path(parent) / f"communique-status-{os.geteuid()}"


def _name(config: str) -> str:
    # Short: a socket's path has about a hundred bytes. The service compares the whole path.
    return f"{zlib.crc32(os.fsencode(config)):08x}"


def _is_private(folder: Path) -> bool:
    """Whether the folder belongs to this user, and no other user may open it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_closed = stat.S_ISDIR(found.st_mode) and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return is_closed and found.st_uid == os.geteuid()
