"""How a hub wants to be told of news: WebSub section 6 "Publishing" leaves it open. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.outbound import Credentials

#: Field names that carry the topic, unless ops configure others.
TOPIC_FIELDS = ("hub.url",)

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one hub reads, and how much of it at once."""

    first_fields: Fields = (("hub.mode", "publish"),)
    topic_fields: tuple[str, ...] = TOPIC_FIELDS  #: such as ``hub.url`` and ``hub.topic``
    topics_at_once: int = 1  #: hubs differ in reading several
    extra_fields: Fields = ()
    credentials: Credentials | None = None  #: for this hub alone

    def form(self, topics: Sequence[str]) -> list[tuple[str, str]]:
        """The form that tells of a new state of *topics*, the self URLs of documents.

        Source: ``hub.mode=publish`` and ``hub.url``, again and again for several, are those of
        PubSubHubbub Core 0.3 section 7.1, which hubs kept. Some read ``hub.topic``.
        """
        named = [(name, topic) for topic in topics for name in self.topic_fields]
        return [*self.first_fields, *named, *self.extra_fields]


#: How most hubs are told.
PLAIN = Dialect()

#: How an rssCloud server is told: the walkthrough's ``ping``, one feed a request.
RSSCLOUD = Dialect(first_fields=(), topic_fields=("url",))
