"""Alarms: finds what is wrong, records it in the store, and tells operators unasked.

See ``feeds.model.alarm`` for what an alarm is, and ``docs/alarms.md`` for operators.
"""

from service.alarms.channels import (
    AlarmMessage,
    Channel,
    CommandChannel,
    MailChannel,
    WebhookChannel,
)
from service.alarms.conditions import ALL_KINDS, Lateness, Machine, conditions, lateness
from service.alarms.keeper import CHECK_EVERY_S, AlarmKeeper, SendOutcome
from service.alarms.rounds import AlarmRounds
from service.alarms.store_away import StoreAwayAlarm

__all__ = [
    "ALL_KINDS",
    "CHECK_EVERY_S",
    "AlarmKeeper",
    "AlarmMessage",
    "AlarmRounds",
    "Channel",
    "CommandChannel",
    "Lateness",
    "Machine",
    "MailChannel",
    "SendOutcome",
    "StoreAwayAlarm",
    "WebhookChannel",
    "conditions",
    "lateness",
]
