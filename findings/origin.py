"""An origin for the findings on caches: it answers a path as that path's rule says, and counts.

``serve(port, rules)`` takes rules by the first part of the path: a function of the number of this
request for the path and its headers (names in lower case) that returns interim bytes, status,
header lines and body. ``get(port, path)`` asks. Called as a program with a port and two tags, it
serves one document in two representations, plain and gzip.
"""

import collections
import email.utils
import gzip
import socket
import sys
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
                shown = b"" if request.startswith("HEAD ") else body
                connection.sendall(interim + f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + shown)
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


BODY = b"<feed>" + b"press release " * 2000 + b"</feed>"


def two_representations(plain: str, gzipped: str) -> Rule:
    """Answers in one of two representations, each with a strong tag of its own (RFC 9110 8.8.3.3).

    A tag that is held gets 304, a part of what it is a part of 206. ``X-Asked`` is the
    ``If-None-Match`` that arrived.
    """

    def answer(_: int, headers: dict[str, str]) -> Answer:
        is_gzip = "gzip" in headers.get("accept-encoding", "")
        tag, body = (gzipped, gzip.compress(BODY, mtime=0)) if is_gzip else (plain, BODY)
        asked, part = headers.get("if-none-match", ""), headers.get("range")
        fields = [f"ETag: {tag}", "Vary: Accept-Encoding", f"X-Asked: {asked or '-'}"]
        if tag in asked.split(", "):
            return b"", "304 Not Modified", fields, b""
        fields.append("Content-Type: application/atom+xml")
        if is_gzip:
            fields.append("Content-Encoding: gzip")
        if part is not None and headers.get("if-range", tag) == tag:
            first, last = (int(each) for each in part.removeprefix("bytes=").split("-"))
            fields.append(f"Content-Range: bytes {first}-{last}/{len(body)}")
            return b"", "206 Partial Content", fields, body[first : last + 1]
        return b"", "200 OK", fields, body

    return answer


if __name__ == "__main__":
    serve(int(sys.argv[1]), {"": two_representations(sys.argv[2], sys.argv[3])})
