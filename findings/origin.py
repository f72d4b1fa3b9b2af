"""An origin for the findings on caches: it answers a path as that path's rule says, and counts.

``serve(port, rules)`` takes rules by the first part of the path: a function of the number of this
request for the path and its headers (names in lower case) that returns interim bytes, status,
header lines and body. ``get(port, path)`` asks.
"""

import collections
import email.utils
import socket
import threading
from collections.abc import Callable

Answer = tuple[bytes, str, list[str], bytes]
Rule = Callable[[int, dict[str, str]], Answer]


def serve(port: int, rules: dict[str, Rule], *, close: bool = False) -> None:
    """Serve for ever; with *close*, each connection ends with its first answer."""
    counts: collections.Counter[str] = collections.Counter()

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while request := lines.readline().decode("latin-1"):
                headers = {}
                while line := lines.readline().decode("latin-1").strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                path = request.split()[1]
                counts[path] += 1
                interim, status, fields, body = rules[path.split("/")[1]](counts[path], headers)
                fields = [f"Date: {email.utils.formatdate(usegmt=True)}", *fields]
                if "304" not in status:
                    fields.append(f"Content-Length: {len(body)}")
                ends = close or headers.get("connection", "").lower() == "close"
                if ends:
                    fields.append("Connection: close")
                head = "".join(f"{field}\r\n" for field in fields)
                connection.sendall(interim + f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)
                if ends:
                    return

    server = socket.create_server(("127.0.0.1", port), backlog=100)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=talk, args=(connection,), daemon=True).start()


def get(port: int, path: str, *lines: str, wait_s: float = 8) -> tuple[str, dict[str, str], str]:
    """Status line, headers and whatever follows the first empty line, of a request of its own."""
    with socket.create_connection(("127.0.0.1", port), wait_s) as connection:
        head = "".join(f"{line}\r\n" for line in ("Host: www.example", "Connection: close", *lines))
        connection.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")
    head, _, body = answer.partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    named = (field.partition(":") for field in fields)
    return status, {name.lower(): value.strip() for name, _, value in named}, body
