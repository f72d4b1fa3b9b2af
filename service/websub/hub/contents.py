"""The newest documents, read once for all their subscribers."""

from collections import OrderedDict
from collections.abc import Collection, Mapping

from feeds.model.feed import Format
from feeds.store.database import Transaction
from service.websub.hub.ways import Content

Topic = tuple[str, Format]

#: What is kept of them. One that is larger is read again for each batch of deliveries.
MAX_BYTES = 16 * 1024 * 1024


class Contents:
    """A shelf of what was delivered last. Not safe to share between threads."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[Topic, Content] = OrderedDict()

    def newest(self, tx: Transaction, topics: Collection[Topic]) -> Mapping[Topic, Content]:
        """The current documents of these topics; those that have none are left out."""
        if not topics:
            return {}
        versions = tx.documents.versions(sorted({feed for feed, _ in topics}))
        found = {}
        for topic in topics:
            version = versions.get(topic)
            held = self._held.pop(topic, None)
            if version is None:
                continue
            if held is None or held.edition != version.edition:
                document = tx.documents.get(*topic)
                if document is None:
                    continue
                held = Content.of(document)
            self._held[topic] = found[topic] = held
        while self._held and sum(len(one.body) for one in self._held.values()) > self._max_bytes:
            self._held.popitem(last=False)
        return found
