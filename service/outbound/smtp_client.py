"""Sends mail through the operator's SMTP server. The only module that imports smtplib.

The server is one that the configuration names, and mostly on this machine or in a private network:
the rules for other people's servers (`AddressRules`) do not apply to it.
"""

import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from service.outbound.errors import OutboundFailed, OutboundTimedOut, ServerUnreachable, one_line
from service.outbound.http_client import Credentials

Security = Literal["starttls", "tls", "none"]


class SmtpClient:
    """Sends single mails; each with a connection of its own. Thread-safe."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security,
        timeout_s: float,
        credentials: Credentials | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """Sets the server.

        Args:
            host: Its name; its certificate is checked against it.
            port: Its port.
            security: STARTTLS (RFC 3207), TLS from the start (RFC 8314), or none.
            timeout_s: For the whole conversation, from the first connection to the last answer.
            credentials: For a server that requires a login (RFC 4954).
            ca_file: Certificates to trust instead of the public authorities', in PEM.
        """
        self._host = host
        self._port = port
        self._security = security
        self._timeout_s = timeout_s
        self._credentials = credentials
        self._ca_file = ca_file
        self._url = f"smtp://{host}:{port}"

    def send(self, mail: EmailMessage) -> str:
        """Sends a mail to all its recipients; returns what the server said.

        Raises:
            OutboundFailed: The server did not take it; the reason has no secret.
        """
        is_late = threading.Event()
        try:
            with self._connected(is_late) as server:
                self._secure(server)
                refused = server.send_message(mail)
                code, said = server.noop() if refused else (250, b"accepted")
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if is_late.is_set() or isinstance(error, TimeoutError):
                reason = f"no answer within {self._timeout_s:g} s"
                raise OutboundTimedOut(self._url, reason) from error
            if isinstance(error, smtplib.SMTPException):
                raise OutboundFailed(self._url, _reason(error)) from error
            raise ServerUnreachable(self._url, _reason(error)) from error
        if refused:
            raise OutboundFailed(self._url, f"refused for {', '.join(sorted(refused))}")
        return f"{code} {one_line(said.decode(errors='replace'))}"

    @contextmanager
    def _connected(self, is_late: threading.Event) -> Iterator[smtplib.SMTP]:
        name = os.uname().nodename
        # smtplib would look this machine's name up, which takes long where no DNS answers.
        own_name = name if "." in name else "[127.0.0.1]"
        if self._security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                timeout=self._timeout_s, context=self._tls(), local_hostname=own_name
            )
        else:
            server = smtplib.SMTP(timeout=self._timeout_s, local_hostname=own_name)

        def cut() -> None:
            # smtplib's own time limit begins anew with each line.
            is_late.set()
            if server.sock is not None:
                with suppress(OSError):
                    server.sock.shutdown(socket.SHUT_RDWR)

        limit = threading.Timer(self._timeout_s, cut)
        limit.daemon = True
        limit.start()
        try:
            # The name that a certificate is checked against. smtplib sets it only where it connects
            # at once, out of reach of the time limit.
            server._host = self._host  # type: ignore[attr-defined]  # noqa: SLF001
            code, said = server.connect(self._host, self._port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
            yield server
        finally:
            limit.cancel()
            server.close()

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._security == "starttls":
            server.starttls(context=self._tls())
            server.ehlo_or_helo_if_needed()
        if self._credentials is not None:
            server.login(self._credentials.username, self._credentials.password)

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return one_line(f"{error.smtp_code} {text}")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [
            f"{address}: {code} {said.decode(errors='replace')}"
            for address, (code, said) in error.recipients.items()
        ]
        return one_line("; ".join(answers))
    return one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)
