"""HTTP clients for other people's servers, which may be slow, hostile or unreachable.

All outgoing HTTP requests of the product go through this package.
"""

from service.outbound.addresses import AddressRules, host_and_port, rules_of_this_machine
from service.outbound.bulk_http_client import BulkHttpClient
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    AnswerTooLong,
    HostUnknown,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    one_line,
)
from service.outbound.http_client import Credentials, HttpClient, HttpResponse
from service.outbound.smtp_client import SmtpClient
from service.outbound.transfers import BulkRequest, BulkResponse

__all__ = [
    "AddressForbidden",
    "AddressInvalid",
    "AddressRules",
    "AnswerTooLong",
    "BulkHttpClient",
    "BulkRequest",
    "BulkResponse",
    "Credentials",
    "HostUnknown",
    "HttpClient",
    "HttpResponse",
    "OutboundFailed",
    "OutboundTimedOut",
    "ServerUnreachable",
    "SmtpClient",
    "host_and_port",
    "one_line",
    "rules_of_this_machine",
]
