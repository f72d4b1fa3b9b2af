"""An SMTP server on loopback (RFC 5321), with STARTTLS and AUTH PLAIN, that can be ill."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass(kw_only=True)
class MailServer:
    """What the server was sent, and how it behaves."""

    tls: ssl.SSLContext | None = None  #: offers STARTTLS with it
    login: tuple[str, str] | None = None  #: what AUTH must say; None asks for none
    refused: dict[str, str] = field(default_factory=dict)  #: answers to RCPT, by address
    answer_to_data: str = "250 2.0.0 Ok: queued"
    is_dripping: bool = False  #: sends its greeting a byte at a time, without an end
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)  #: at each mail
    is_over: threading.Event = field(default_factory=threading.Event)
    port: int = 0


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server).mail
        self._server = server
        self._is_encrypted = False
        if server.is_dripping:
            while not server.is_over.wait(0.02):
                self.wfile.write(b"2")
        self._say("220 mail.example ESMTP")
        while line := self.rfile.readline():
            command = line.decode().rstrip("\r\n")
            server.commands.append(command)
            verb = command.partition(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            getattr(self, f"_{verb.lower()}", self._unknown)(command)

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the encrypted one, if any: the server knows the other

    def _say(self, *lines: str) -> None:
        for line in lines[:-1]:
            self.wfile.write(f"{line[:3]}-{line[4:]}\r\n".encode())
        self.wfile.write(f"{lines[-1]}\r\n".encode())

    def _unknown(self, _command: str) -> None:
        self._say("500 5.5.1 unknown command")

    def _ehlo(self, _command: str) -> None:
        offers = ["250 mail.example"]
        if self._server.tls is not None and not self._is_encrypted:
            offers.append("250 STARTTLS")
        if self._server.login is not None:
            offers.append("250 AUTH PLAIN")
        self._say(*offers)

    def _starttls(self, _command: str) -> None:
        assert self._server.tls is not None
        self._say("220 2.0.0 go ahead")
        try:
            self.request = self._server.tls.wrap_socket(self.request, server_side=True)
        except (ssl.SSLError, OSError):  # the client does not trust the certificate
            self.rfile = self.connection.makefile("rb")
            return
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)
        self._is_encrypted = True

    def _auth(self, command: str) -> None:
        given = base64.b64decode(command.split(" ")[2]).decode().split("\0")[1:]
        is_right = tuple(given) == self._server.login
        self._say("235 2.7.0 ok" if is_right else "535 5.7.8 wrong user or password")

    def _mail(self, _command: str) -> None:
        self._say("250 2.1.0 ok")

    def _rcpt(self, command: str) -> None:
        address = command.partition("<")[2].partition(">")[0]
        answer = self._server.refused.get(address, "250 2.1.5 ok")
        if answer.startswith("250"):
            self._server.recipients.append(address)
        self._say(answer)

    def _rset(self, _command: str) -> None:
        self._say("250 2.0.0 ok")

    _noop = _rset

    def _data(self, _command: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        if self._server.answer_to_data.startswith("250"):
            self._server.mails.append(mail)
            self._server.was_encrypted.append(self._is_encrypted)
        self._say(self._server.answer_to_data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    mail: MailServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no fault of the test."""


@contextmanager
def running_mail_server(mail: MailServer | None = None) -> Iterator[MailServer]:
    """A server that runs until the end of the block."""
    mail = mail or MailServer()
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.mail = mail
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            mail.is_over.set()
            server.shutdown()
            thread.join()
