"""The keys of ``communique.yaml``, with their defaults, bounds and help."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from feeds.ingest.rules import MAX_ARRAY_BYTES, MAX_DOCUMENT_BYTES, MAX_TITLE_CHARS
from service.settings.section import Items, Section
from service.settings.shared_keys import (
    AuthorSettings,
    DeltaSettings,
    FarewellDays,
    Hub,
    RetractionDays,
    TtlMinutes,
    WindowSettings,
)
from service.settings.value_types import (
    DATA_FOLDER,
    AllowedNetwork,
    BaseUrl,
    DatabaseUrl,
    FilePath,
    HubUrl,
    Language,
    Line,
    StoreUrl,
    Text,
    TimeOfDay,
    TimeZoneName,
    Url,
)

#: Shorter pauses only burn power; an hour without a look is a service that seems dead.
PauseSeconds = Annotated[float, Field(ge=0.05, le=3600)]

#: Documents are held in memory whole, with their parsed form beside them.
MAX_INTAKE_BYTES = 256 * 1024 * 1024

#: Larger bodies do not come through to the application (``service.web.request_bodies``).
MAX_API_BODY_BYTES = 16 * 1024 * 1024


Port = Annotated[int, Field(ge=1, le=65_535)]

#: Subscribers renew: a lease is a promise to a server that may be gone tomorrow.
LeaseDays = Annotated[float, Field(gt=0, le=366)]


class SiteSettings(Section):
    """The newsroom as the public sees it."""

    title: Line = Field(default="Newsroom", description="The newsroom's name.")
    subtitle: Text = Field(default="", description="One line about it.")
    base_url: BaseUrl = Field(
        description="Required: the public address. All addresses in feeds are built on it, and "
        "hubs know the feeds by them: change it only when the site moves."
    )
    language: Language = Field(
        default="en",
        description="BCP 47; for pages and feeds, and releases that name none themselves.",
    )
    rights: Text = Field(default="", description="Copyright line of all feeds.")
    author: AuthorSettings = Field(
        default=AuthorSettings(),
        description="Who answers for the releases that name no author themselves.",
    )
    icon: Url | None = Field(default=None, description="A square image, as an absolute URL.")
    logo: Url | None = Field(default=None, description="An image twice as wide as high, likewise.")


class StoreSettings(Section):
    """Where releases are kept."""

    url: DatabaseUrl = Field(
        default=StoreUrl(f"sqlite:///{DATA_FOLDER}/communique.db"),
        description="SQLite (sqlite:///path) or PostgreSQL (postgresql://user@host/name). "
        f"{DATA_FOLDER} stands for the folder above.",
    )
    url_file: FilePath | None = Field(
        default=None,
        description="A file that holds the URL, for one with a password; instead of url. "
        "Relative to this file.",
    )


class IntakeSettings(Section):
    """How documents become releases."""

    folders: Items[FilePath] = Field(
        default=(Path("inbox"),),
        description="Folders that are watched for documents, with their subfolders; relative to "
        "data_folder.",
    )
    time_zone: TimeZoneName = Field(default="UTC", description="Zone of dates that name none.")
    time_of_day: TimeOfDay = Field(
        default=time(9, 0), description="Time of dates that name none, in that zone: HH:MM."
    )
    unsaid_correction: Literal["major", "minor"] = Field(
        default="major",
        description="What a changed document is that does not say so itself: a major correction, "
        "which moves the release's date of change and says so, or a minor one.",
    )
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=0.2, description="A file is read when it has not changed for so long."
    )

    max_document_bytes: Annotated[int, Field(ge=1000, le=MAX_INTAKE_BYTES)] = Field(
        default=MAX_DOCUMENT_BYTES,
        description="Largest document, or line of JSON Lines; larger ones are refused.",
    )
    max_array_bytes: Annotated[int, Field(ge=1000, le=MAX_INTAKE_BYTES)] = Field(
        default=MAX_ARRAY_BYTES,
        description="Largest .json file; a larger set goes into JSON Lines, which have no bound.",
    )
    max_title_chars: Annotated[int, Field(ge=50, le=10_000)] = Field(
        default=MAX_TITLE_CHARS, description="Longest title; a longer one is refused."
    )
    ask_media: bool = Field(
        default=True,
        description="Whether servers are asked for the length and type of files that documents "
        "name without them.",
    )


class FeedDefaults(Section):
    """What holds for every feed that says nothing else."""

    window: WindowSettings = Field(
        default=WindowSettings(),
        description="How much of a feed its document holds.",
    )
    ttl_minutes: TtlMinutes = Field(
        default=30, description="How long readers may keep a document before they ask again."
    )
    deltas: DeltaSettings = Field(
        default=DeltaSettings(),
        description="Whether readers may ask for what is new to them alone.",
    )
    pages_for_browsers: bool = Field(
        default=True,
        description="Whether a browser that opens a document's address is led to the feed's page. "
        "Caches that know no Vary but Accept-Encoding (HAProxy; Akamai by default) keep documents "
        "only without it.",
    )
    farewell_days: FarewellDays = Field(
        default=90,
        description="How long a feed that ended says farewell, before its addresses answer 410.",
    )
    notices: bool = Field(
        default=True,
        description="Whether feeds tell of major corrections, retractions and restorations in "
        "entries of their own: many readers never show that an entry changed.",
    )
    retraction_days: RetractionDays = Field(
        default=30,
        description="How long feeds hold these notices, and what stands in for a retracted "
        "release. Its page says so for ever.",
    )


class ScheduleSettings(Section):
    """How often the service looks by itself, although most work is started at once."""

    scan_seconds: PauseSeconds = Field(
        default=0.2, description="Look for documents in the folders."
    )
    regenerate_seconds: PauseSeconds = Field(default=0.5, description="Look for stale feeds.")
    ping_seconds: PauseSeconds = Field(default=1.0, description="Look for pings that are due.")
    config_seconds: PauseSeconds = Field(
        default=2.0, description="Look for changes of these files."
    )


class WebSubSettings(Section):
    """How hubs are told of a change."""

    topic_fields: Annotated[Items[Line], Field(min_length=1)] = Field(
        default=("hub.url",),
        description="Form fields that carry the feed's URL: hub.url is the custom; some hubs ask "
        "for hub.topic.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=10.0, description="How long a hub may take to answer."
    )
    first_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30.0, description="Pause after the first failure; it doubles with each one."
    )
    longest_retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3600.0, description="The pause grows no longer than this."
    )
    max_hubs_at_once: Annotated[int, Field(ge=1, le=256)] = Field(
        default=64, description="More hubs than this wait for each other."
    )
    give_up_after_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        default=24.0,
        description="After so long a ping stands as failed, and can be retried by command.",
    )


class OwnHubSettings(Section):
    """The WebSub hub that is part of this service, for its own feeds."""

    offered: bool = Field(
        default=True,
        description="Whether this service is a WebSub hub for its own feeds, at /hub.",
    )
    callback_ports: Annotated[Items[Port], Field(min_length=1)] = Field(
        default=(80, 443, 8080, 8443),
        description="Ports that subscribers may be reached at; in outbound.allow_networks at any.",
    )
    default_lease_days: LeaseDays = Field(
        default=10, description="How long a subscription lasts that asks for no time."
    )
    longest_lease_days: LeaseDays = Field(
        default=30, description="And no longer than this, whatever it asks for."
    )
    shortest_lease_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=300, description="Nor any shorter."
    )
    signature: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        default="sha256",
        description="How deliveries to subscribers with a secret are signed; sha1 is broken, and "
        "here for subscribers that know nothing else.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=10.0, description="How long a subscriber may take to answer."
    )
    deliveries_at_once: Annotated[int, Field(ge=1, le=4096)] = Field(
        default=256, description="Deliveries under way in each process."
    )
    deliveries_per_host: Annotated[int, Field(ge=1, le=256)] = Field(
        default=16, description="And of these, to one host."
    )
    verifications_at_once: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=64, description="Callbacks that are asked at the same time to confirm a request."
    )
    first_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30.0, description="Pause after a first failed delivery; it doubles with each one."
    )
    longest_retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3600.0, description="The pause grows no longer than this."
    )
    suspend_after_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        default=72.0,
        description="After so long without success nothing more is sent to a subscriber, until it "
        "renews its subscription or somebody resumes it.",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=120,
        description="What one client may ask of the hub, in each web process; more gets 429.",
    )
    burst: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=240, description="And how much of it at once, after a pause."
    )
    pending_per_host: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=500,
        description="Requests for callbacks of one host that may wait to be confirmed; more get "
        "429.",
    )


class RssCloudSettings(Section):
    """How readers of RSS are told that know rssCloud instead of WebSub."""

    offered: bool = Field(
        default=True,
        description="Whether RSS documents name a cloud: this service, unless another server is "
        "named here. It takes own_hub.offered.",
    )
    register_url: HubUrl | None = Field(
        default=None,
        description="Where readers register at another rssCloud server, which is then named "
        "instead of this one, such as http://rpc.rsscloud.io:5337/pleaseNotify.",
    )
    ping_url: HubUrl | None = Field(
        default=None,
        description="Where that server is told of changes, such as http://rpc.rsscloud.io:5337/ping.",
    )


class CanarySettings(Section):
    """Subscriptions of our own, by which it is seen whether pushes arrive."""

    watches: bool = Field(
        default=True,
        description="Whether the service subscribes to a feed of its own at each hub, and measures "
        "how fast pushes arrive. Hubs must be able to reach site.base_url.",
    )
    feed: Line = Field(default="all", description="The feed, by its slug.")
    format: Literal["atom", "rss", "json"] = Field(
        default="atom", description="And the format of its documents."
    )
    lease_days: LeaseDays = Field(
        default=7, description="What the hub is asked for; renewed in good time."
    )
    missing_after_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=600.0, description="A push that takes longer counts as missing."
    )

    @property
    def lease_s(self) -> int:
        """The lease in whole seconds, as hubs are asked for it."""
        return max(1, round(self.lease_days * 86_400))


class MetricsSettings(Section):
    """Numbers for Prometheus."""

    offered: bool = Field(default=True, description="Whether /metrics answers.")


class OutboundSettings(Section):
    """What holds for every request to other people's servers."""

    allow_networks: Items[AllowedNetwork] = Field(
        default=(),
        description="Networks that may be asked although they are not public, such as 10.0.0.0/8 "
        "for a hub of your own.",
    )
    max_response_bytes: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=65_536, description="How much of an answer is read."
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="Certificates to trust instead of the public authorities', in PEM. Relative "
        "to this file.",
    )


class HttpSettings(Section):
    """Where the service listens."""

    host: Line = Field(
        default="127.0.0.1", description="Address to listen at; 0.0.0.0 is everywhere."
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(
        default=8000, description="Port to listen at."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=2, description="Web processes.")
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default=4, description="Threads in each of them."
    )
    trusted_proxies: Items[AllowedNetwork] = Field(
        default=(),
        description="Networks of proxies before this service, whose X-Forwarded-For tells who "
        "asks, such as 127.0.0.1/32 for nginx on this machine.",
    )
    cache_megabytes: Annotated[int, Field(ge=1, le=65_536)] = Field(
        default=64, description="Documents that each web process keeps in memory."
    )


class ApiSettings(Section):
    """The HTTP API that newsrooms publish through."""

    offered: bool = Field(
        default=True,
        description="Whether there is one. Nothing can be done with it without a token: see "
        "communique token.",
    )
    max_body_bytes: Annotated[int, Field(ge=1000, le=MAX_API_BODY_BYTES)] = Field(
        default=8 * 1024 * 1024, description="Largest body; larger ones get 413."
    )
    max_batch_releases: Annotated[int, Field(ge=1, le=2000)] = Field(
        default=500, description="Most releases in one batch."
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=600,
        description="What a token may ask for, in each web process; more gets 429. A batch counts "
        "as one.",
    )
    burst: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=60, description="And how many of these at once, after a pause."
    )


class LogSettings(Section):
    """What the service says of itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="From here up: debug, info, warning or error."
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto", description="text, json, or auto: text on a terminal, json elsewhere."
    )


class CommuniqueFile(Section):
    """``communique.yaml``: everything but the categories."""

    site: SiteSettings = Field(description="The newsroom as the public sees it.")
    data_folder: FilePath = Field(
        default=Path("data"),
        description="Holds store and inbox; made if need be. Relative to the folder that the "
        "service is started in.",
    )
    store: StoreSettings = Field(default=StoreSettings(), description="Where releases are kept.")
    categories_file: FilePath = Field(
        default=Path("categories.yaml"), description="Categories and feeds; relative to this file."
    )
    intake: IntakeSettings = Field(
        default=IntakeSettings(), description="How documents become releases."
    )
    hubs: Items[Hub] = Field(
        default=(),
        description="WebSub hubs that are told of every change, and that feeds name. A list of "
        "URLs, such as [https://pubsubhubbub.appspot.com/]; a hub that wants to be told in a way "
        "of its own is a section.",
    )
    feeds: FeedDefaults = Field(
        default=FeedDefaults(), description="What holds for feeds that say nothing else."
    )
    schedule: ScheduleSettings = Field(
        default=ScheduleSettings(),
        description="How often the service looks by itself; most work is started at once.",
    )
    websub: WebSubSettings = Field(
        default=WebSubSettings(), description="How hubs are told of a change."
    )
    own_hub: OwnHubSettings = Field(
        default=OwnHubSettings(),
        description="The WebSub hub that is part of this service, for its own feeds.",
    )
    rsscloud: RssCloudSettings = Field(
        default=RssCloudSettings(),
        description="How readers of RSS are told that know rssCloud instead of WebSub.",
    )
    canary: CanarySettings = Field(
        default=CanarySettings(),
        description="Subscriptions of our own, by which it is seen whether pushes arrive.",
    )
    metrics: MetricsSettings = Field(
        default=MetricsSettings(), description="Numbers for Prometheus."
    )
    outbound: OutboundSettings = Field(
        default=OutboundSettings(),
        description="What holds for every request to other people's servers.",
    )
    http: HttpSettings = Field(default=HttpSettings(), description="Where the service listens.")
    api: ApiSettings = Field(
        default=ApiSettings(), description="The HTTP API that newsrooms publish through."
    )
    log: LogSettings = Field(
        default=LogSettings(),
        description="What the service says of itself, on standard error.",
    )
