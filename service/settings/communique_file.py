"""The keys of ``communique.yaml``, with their defaults, limits and help."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from feeds.ingest.rules import (
    MAX_ARRAY_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_FILE_BYTES,
    MAX_TITLE_CHARS,
)
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
from service.settings.theme import ThemeSettings
from service.settings.upstream_keys import UpstreamSettings
from service.settings.value_types import (
    DATA_FOLDER,
    AllowedNetwork,
    BaseUrl,
    DatabaseUrl,
    Email,
    FilePath,
    HubUrl,
    Language,
    Line,
    LinkUrl,
    SecretText,
    StoreUrl,
    Text,
    TimeOfDay,
    TimeZoneName,
    Url,
)

#: Shorter pauses only use power; with longer ones than an hour a service seems dead.
PauseSeconds = Annotated[float, Field(ge=0.05, le=3600)]

#: Documents are held in memory as a whole, together with their parsed form.
MAX_INTAKE_BYTES = 256 * 1024 * 1024

#: Larger bodies do not reach the application (``service.web.request_bodies``).
MAX_API_BODY_BYTES = 16 * 1024 * 1024


#: A field's name (RFC 9110 section 5.1).
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,63}$")]
#: Files are stored and sent in pieces; this bounds how long one upload may take up disk and link.
MAX_MEDIUM_BYTES = 4 * 1024 * 1024 * 1024


Port = Annotated[int, Field(ge=1, le=65_535)]

#: The values of ``feeds.model.alarm.AlarmKind``.
AlarmKindName = Literal[
    "store_away",
    "jobs_idle",
    "hub_idle",
    "feed_stale",
    "feed_quiet",
    "document_refused",
    "embargo_missed",
    "hub_mute",
    "hub_certificate",
    "deliveries_failing",
    "upstream_failing",
    "disk_nearly_full",
    "backup_old",
]

#: The values of ``feeds.media.kinds.MediumKind``.
MediumKindName = Literal["picture", "pdf", "audio", "video", "office", "text", "zip"]

#: Leases are limited because a subscriber may vanish; those that live on renew.
LeaseDays = Annotated[float, Field(gt=0, le=366)]


class LinkSettings(Section):
    """A link at the foot of every page."""

    title: Line = Field(description="Required: the text of the link, such as Imprint.")
    url: LinkUrl = Field(
        description="Required: the address that it leads to, as an absolute URL, or as "
        "mailto:address."
    )


class SiteSettings(Section):
    """The newsroom as the public sees it."""

    title: Line = Field(default="Newsroom", description="Name of the newsroom.")
    subtitle: Text = Field(default="", description="One line about the newsroom.")
    base_url: BaseUrl = Field(
        description="Required: the public address of the site. All addresses in feeds are built "
        "on it, and hubs know the feeds by them: change it only when the site moves."
    )
    language: Language = Field(
        default="en",
        description="BCP 47 language tag of pages and feeds, and of releases that name no "
        "language.",
    )
    rights: Text = Field(default="", description="Copyright line of all feeds.")
    author: AuthorSettings = Field(
        default=AuthorSettings(),
        description="Author of releases that name none.",
    )
    icon: Url | None = Field(default=None, description="A square image, as an absolute URL.")
    logo: Url | None = Field(
        default=None, description="An image twice as wide as high, as an absolute URL."
    )
    theme: ThemeSettings = Field(
        default=ThemeSettings(), description="Colours and fonts of pages; see docs/pages.md."
    )
    stylesheet: FilePath | None = Field(
        default=None,
        description="A CSS file of your own, which pages apply after theirs. Relative to this "
        "file.",
    )
    templates: FilePath | None = Field(
        default=None,
        description="A folder of templates of your own, which replace those of pages one by one; "
        "see docs/pages.md. Relative to this file.",
    )
    time_zone: TimeZoneName = Field(
        default="UTC",
        description="Time zone of dates on pages, such as Europe/Paris; also decides in which "
        "month a release is listed.",
    )
    links: Items[LinkSettings] = Field(
        default=(),
        description="Links at the foot of every page, such as imprint, privacy and contact.",
    )


class StoreSettings(Section):
    """The database that holds the releases."""

    url: DatabaseUrl = Field(
        default=StoreUrl(f"sqlite:///{DATA_FOLDER}/communique.db"),
        description="Database URL: SQLite (sqlite:///path, relative to this file) or PostgreSQL "
        "(postgresql://user@host/name). {data_folder} is replaced by the value of "
        "data_folder.",
    )
    url_file: FilePath | None = Field(
        default=None,
        description="File that holds the database URL, for a URL with a password; set it instead "
        "of store.url. Relative to this file.",
    )


class IntakeSettings(Section):
    """How documents become releases."""

    folders: Items[FilePath] = Field(
        default=(Path("inbox"),),
        description="Folders that are watched for documents, with their subfolders. Relative to "
        "data_folder.",
    )
    time_zone: TimeZoneName = Field(
        default="UTC", description="Time zone of dates in documents that name none."
    )
    time_of_day: TimeOfDay = Field(
        default=time(9, 0),
        description="Time of day, as HH:MM, of dates in documents that have none; in "
        "intake.time_zone.",
    )
    unsaid_correction: Literal["major", "minor"] = Field(
        default="major",
        description="How a changed document counts that does not say so itself: as a major "
        "correction, which moves the release's date of change and adds a note, or as "
        "a minor one.",
    )
    tracked_changes: Literal["accepted", "refused"] = Field(
        default="accepted",
        description="What becomes of a Word document with tracked changes: it is read as if they "
        "were accepted, and the sender is told, or it is refused.",
    )
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=0.2, description="A file is read when it has not changed for this many seconds."
    )

    max_document_bytes: Annotated[int, Field(ge=1000, le=MAX_INTAKE_BYTES)] = Field(
        default=MAX_DOCUMENT_BYTES,
        description="Largest document, or line of a JSON Lines file, in bytes; larger ones are "
        "refused.",
    )
    max_array_bytes: Annotated[int, Field(ge=1000, le=MAX_INTAKE_BYTES)] = Field(
        default=MAX_ARRAY_BYTES,
        description="Largest .json file, in bytes. Larger sets must be JSON Lines, which have no "
        "limit as a whole.",
    )
    max_file_bytes: Annotated[int, Field(ge=1000, le=MAX_INTAKE_BYTES)] = Field(
        default=MAX_FILE_BYTES,
        description="Largest Word document or message, in bytes, with its pictures and "
        "attachments.",
    )
    max_title_chars: Annotated[int, Field(ge=50, le=10_000)] = Field(
        default=MAX_TITLE_CHARS,
        description="Longest title, in characters; longer ones are refused.",
    )
    ask_media: bool = Field(
        default=True,
        description="Whether the service asks other servers for the length and type of media "
        "files that a document names without them.",
    )


class FeedDefaults(Section):
    """Defaults for all feeds."""

    window: WindowSettings = Field(
        default=WindowSettings(),
        description="How many entries a feed's document holds.",
    )
    ttl_minutes: TtlMinutes = Field(
        default=30,
        description="How long readers may cache a document before they ask again, in minutes.",
    )
    deltas: DeltaSettings = Field(
        default=DeltaSettings(),
        description="Feed deltas (RFC 3229): a reader may request only the entries that are new "
        "to it.",
    )
    pages_for_browsers: bool = Field(
        default=True,
        description="Whether a browser that opens a document's address is redirected to the "
        "feed's page. Caches that support no Vary but Accept-Encoding (HAProxy; "
        "Akamai by default) store documents only if this is false.",
    )
    farewell_days: FarewellDays = Field(
        default=90,
        description="How many days a feed that has ended is still served, with its last entry, "
        "before its addresses answer 410.",
    )
    notices: bool = Field(
        default=True,
        description="Whether feeds announce major corrections, retractions and restorations in "
        "entries of their own: many readers never show that an entry changed.",
    )
    retraction_days: RetractionDays = Field(
        default=30,
        description="How many days feeds hold these notices, and the entries that replace "
        "retracted releases. The page of a retracted release says so permanently.",
    )


class ScheduleSettings(Section):
    """How often the service polls for work; most work starts at once without it."""

    scan_seconds: PauseSeconds = Field(
        default=0.2, description="Pause between scans of the watched folders, in seconds."
    )
    regenerate_seconds: PauseSeconds = Field(
        default=0.5,
        description="Pause between checks for stale feeds, in seconds. A commit has them checked "
        "at once, but not again within half of this time.",
    )
    ping_seconds: PauseSeconds = Field(
        default=1.0, description="Pause between checks for pings that are due, in seconds."
    )
    config_seconds: PauseSeconds = Field(
        default=2.0,
        description="Pause between checks for changes of the configuration files, in seconds.",
    )


class WebSubSettings(Section):
    """How hubs are pinged."""

    topic_fields: Annotated[Items[Line], Field(min_length=1)] = Field(
        default=("hub.url",),
        description="Form fields that carry the feed's URL in a ping: hub.url is common; some "
        "hubs require hub.topic.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=10.0, description="How long a hub may take to answer a ping, in seconds."
    )
    first_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30.0,
        description="Pause after the first failed ping, in seconds; it doubles with each failure.",
    )
    longest_retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3600.0, description="Longest pause between two tries of a ping, in seconds."
    )
    max_hubs_at_once: Annotated[int, Field(ge=1, le=256)] = Field(
        default=64, description="How many hubs are pinged at the same time."
    )
    give_up_after_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        default=24.0,
        description="How many hours a failing ping is retried. After that it counts as failed; "
        "communique hub retry sends it again.",
    )


class OwnHubSettings(Section):
    """The WebSub hub that is part of this service, for its own feeds."""

    offered: bool = Field(
        default=True,
        description="Whether this service is a WebSub hub for its own feeds, at /hub.",
    )
    callback_ports: Annotated[Items[Port], Field(min_length=1)] = Field(
        default=(80, 443, 8080, 8443),
        description="Ports on which subscribers' callbacks may be. Callbacks in "
        "outbound.allow_networks may use any port.",
    )
    default_lease_days: LeaseDays = Field(
        default=10, description="Lease of a subscription that requests none, in days."
    )
    longest_lease_days: LeaseDays = Field(default=30, description="Longest lease, in days.")
    shortest_lease_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=300, description="Shortest lease, in seconds."
    )
    signature: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        default="sha256",
        description="How deliveries to subscribers with a secret are signed. sha1 is broken; use "
        "it only for subscribers that support nothing else.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=10.0, description="How long a subscriber may take to answer, in seconds."
    )
    deliveries_at_once: Annotated[int, Field(ge=1, le=4096)] = Field(
        default=256, description="Most deliveries under way at the same time, in each process."
    )
    deliveries_per_host: Annotated[int, Field(ge=1, le=256)] = Field(
        default=16,
        description="Most deliveries to one host under way at the same time, in each process.",
    )
    verifications_at_once: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=64,
        description="Most callbacks that are asked to confirm a request at the same time.",
    )
    first_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30.0,
        description="Pause after the first failed delivery, in seconds; it doubles with each "
        "failure.",
    )
    longest_retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3600.0, description="Longest pause between two tries of a delivery, in seconds."
    )
    suspend_after_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        default=72.0,
        description="A subscription is suspended after this many hours without a successful "
        "delivery, until the subscriber renews it or an operator resumes it.",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=120,
        description="Requests that one client may send to the hub per minute, in each web "
        "process; more get 429.",
    )
    burst: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=240,
        description="Requests that one client may send to the hub at once after a pause; more get "
        "429.",
    )
    pending_per_host: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=500,
        description="Unconfirmed requests for callbacks at one host; more get 429.",
    )


class RssCloudSettings(Section):
    """Notifications for RSS readers that support rssCloud instead of WebSub."""

    offered: bool = Field(
        default=True,
        description="Whether RSS documents name an rssCloud server: this service, unless "
        "rsscloud.register_url names another one. This service needs own_hub.offered "
        "for it.",
    )
    register_url: HubUrl | None = Field(
        default=None,
        description="Address where readers register at another rssCloud server, which is named in "
        "RSS documents instead of this service, such as "
        "http://rpc.rsscloud.io:5337/pleaseNotify.",
    )
    ping_url: HubUrl | None = Field(
        default=None,
        description="Address where the other rssCloud server accepts pings, such as "
        "http://rpc.rsscloud.io:5337/ping.",
    )


class CanarySettings(Section):
    """Subscriptions of this service at each hub, to measure whether pushes arrive."""

    watches: bool = Field(
        default=True,
        description="Whether the service subscribes to one of its own feeds at each hub, and "
        "measures how fast pushes arrive. Hubs must be able to reach site.base_url.",
    )
    feed: Line = Field(default="all", description="Slug of the feed that the canary subscribes to.")
    format: Literal["atom", "rss", "json"] = Field(
        default="atom", description="Format of the feed's document that the canary subscribes to."
    )
    lease_days: LeaseDays = Field(
        default=7,
        description="Lease that the canary requests from hubs, in days; it is renewed before it "
        "ends.",
    )
    missing_after_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=600.0,
        description="A push that takes longer than this many seconds counts as missing.",
    )

    @property
    def lease_s(self) -> int:
        """The lease in whole seconds, as requests to hubs have it."""
        return max(1, round(self.lease_days * 86_400))


class BackupSettings(Section):
    """Backups that the service makes by itself: see communique store backup."""

    folder: FilePath | None = Field(
        default=None,
        description="Folder of the backups, such as backups; none are made if unset. Best on "
        "another disk. Relative to data_folder.",
    )
    every_hours: Annotated[float, Field(ge=0.01, le=8784)] = Field(
        default=24.0, description="Hours from one backup to the next."
    )
    keep: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=7, description="How many backups stay in the folder; older ones are deleted."
    )


class RetentionSettings(Section):
    """How long the store keeps what nobody is served."""

    fragment_days: Annotated[float, Field(ge=1, le=36_600)] = Field(
        default=30.0,
        description="How many days rendered entries are kept of releases that are only in "
        "archives; they are rendered again when they are needed.",
    )
    refusal_days: Annotated[float, Field(ge=1, le=36_600)] = Field(
        default=365.0,
        description="How many days refused documents are listed that were never accepted.",
    )
    audit_days: Annotated[float, Field(ge=1, le=36_600)] | None = Field(
        default=None,
        description="How many days the audit log is kept; permanently if unset.",
    )


class ReadershipSettings(Section):
    """How many read which feed."""

    counted: bool = Field(
        default=True,
        description="Whether requests for feeds are counted, without addresses: see communique "
        "readers.",
    )
    days: Annotated[int, Field(ge=8, le=36_600)] = Field(
        default=400, description="How many days the counts are kept."
    )


Recipients = Items[Email]


class AlarmMailSettings(Section):
    """E-mail that tells operators of alarms."""

    to: Recipients = Field(
        default=(), description="Addresses that get alarms by e-mail; none if [], and then no mail."
    )
    sender: Email | None = Field(
        default=None, description="Address that the mail comes from; required with alarms.mail.to."
    )
    host: Line = Field(default="localhost", description="Host name of the SMTP server.")
    port: Port = Field(
        default=587, description="Port of the SMTP server: 587 for starttls, 465 for tls, else 25."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted: starttls, tls from its start, or none, which "
        "is for a server on this machine or in a network of your own.",
    )
    username: Line | None = Field(
        default=None, description="User name, for a server that requires a login."
    )
    password: SecretText | None = Field(
        default=None,
        description="Password of that user. It is refused in this file: set the variable "
        "COMMUNIQUE_ALARMS__MAIL__PASSWORD, or alarms.mail.password_file.",
    )
    password_file: FilePath | None = Field(
        default=None,
        description="File that holds the password of that user, on one line. Relative to this "
        "file.",
    )


class AlarmWebhookSettings(Section):
    """A web address that is told of alarms."""

    url: Url | None = Field(
        default=None,
        description="Address that gets alarms as JSON, by POST. A private address needs "
        "outbound.allow_networks.",
    )
    secret: SecretText | None = Field(
        default=None,
        description="Key of the signature; required with alarms.webhook.url. It is refused in this "
        "file: set the variable COMMUNIQUE_ALARMS__WEBHOOK__SECRET, or "
        "alarms.webhook.secret_file.",
    )
    secret_file: FilePath | None = Field(
        default=None,
        description="File that holds the key of the signature, on one line. Relative to this file.",
    )


class AlarmCommandSettings(Section):
    """A program that is told of alarms."""

    argv: Items[Line] = Field(
        default=(),
        description="Program and arguments that get alarms as JSON on standard input; none if []. "
        "No shell reads them.",
    )


#: More than this is not late, but forgotten.
LateMinutes = Annotated[float, Field(gt=0, le=10_080)]
AlarmHours = Annotated[float, Field(gt=0, le=8_784)]


class AlarmSettings(Section):
    """What operators are told unasked, and how."""

    off: Items[AlarmKindName] = Field(
        default=(),
        description="Kinds of alarms that are not raised, such as [document_refused]; "
        "docs/alarms.md lists all.",
    )
    late_minutes: LateMinutes = Field(
        default=10,
        description="How long a feed may wait for its next edition before it counts as late, in "
        "minutes; for communique status also a ping and a delivery.",
    )
    embargo_minutes: LateMinutes = Field(
        default=2,
        description="How long after its minute a release may be held back, in minutes.",
    )
    hub_minutes: LateMinutes = Field(
        default=30, description="How long a hub may refuse pings, in minutes."
    )
    deliveries_hours: AlarmHours = Field(
        default=6,
        description="How long deliveries to the subscribers on one host may fail, in hours.",
    )
    upstream_hours: AlarmHours = Field(
        default=24,
        description="How long an upstream may fail, in hours: somebody else's feed that is "
        "carried.",
    )
    backup_hours: AlarmHours | None = Field(
        default=None,
        description="Age of the last backup above which an alarm is raised, in hours; never if "
        "unset.",
    )
    disk_free_percent: Annotated[float, Field(ge=0, le=90)] = Field(
        default=5,
        description="Share of the data folder's disk that should stay free, in percent; 0 for no "
        "alarm.",
    )
    again_hours: Annotated[float, Field(ge=0, le=8_784)] = Field(
        default=24,
        description="Pause after which an alarm that lasts is sent again, in hours; 0 for never.",
    )
    names_documents: bool = Field(
        default=False,
        description="Whether alarms that are sent name refused documents, with the reason. File "
        "names may be headlines: with false, only communique alarms shows them.",
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=20.0,
        description="How long sending by mail, webhook or command may take, in seconds.",
    )
    mail: AlarmMailSettings = Field(default=AlarmMailSettings(), description="Alarms by e-mail.")
    webhook: AlarmWebhookSettings = Field(
        default=AlarmWebhookSettings(),
        description="Alarms by HTTP, signed; see docs/alarms.md.",
    )
    command: AlarmCommandSettings = Field(
        default=AlarmCommandSettings(), description="Alarms to a program on this machine."
    )


class MetricsSettings(Section):
    """Metrics for Prometheus."""

    offered: bool = Field(default=True, description="Whether metrics are served at /metrics.")


class OutboundSettings(Section):
    """Settings of every request to other servers."""

    allow_networks: Items[AllowedNetwork] = Field(
        default=(),
        description="Networks that the service may contact although they are not public, such as "
        "10.0.0.0/8 for a hub of your own.",
    )
    max_response_bytes: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=65_536, description="How much of a response is read, in bytes."
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="File of certificates, in PEM, to trust instead of the public authorities. "
        "Relative to this file.",
    )


class HttpSettings(Section):
    """The address, processes and threads of the web server."""

    host: Line = Field(
        default="127.0.0.1", description="Address to listen on; 0.0.0.0 is every IPv4 address."
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(
        default=8000, description="Port to listen on."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Number of web processes."
    )
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default=4, description="Number of threads in each web process."
    )
    trusted_proxies: Items[AllowedNetwork] = Field(
        default=(),
        description="Networks of the proxies in front of this service whose X-Forwarded-For "
        "header is trusted, such as 127.0.0.1/32 for nginx on this machine.",
    )
    cache_megabytes: Annotated[int, Field(ge=1, le=65_536)] = Field(
        default=64, description="Size of the document cache in each web process, in megabytes."
    )


class ApiSettings(Section):
    """The HTTP API that newsrooms publish through."""

    offered: bool = Field(
        default=True,
        description="Whether the API is served. It can be used only with a token: see "
        "communique token.",
    )
    max_body_bytes: Annotated[int, Field(ge=1000, le=MAX_API_BODY_BYTES)] = Field(
        default=8 * 1024 * 1024, description="Largest request body, in bytes; larger ones get 413."
    )
    max_batch_releases: Annotated[int, Field(ge=1, le=2000)] = Field(
        default=500, description="Most releases in one batch."
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=600,
        description="Requests that one token may send per minute, in each web process; more get "
        "429. A batch counts as one.",
    )
    burst: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=60,
        description="Requests that one token may send at once after a pause; more get 429.",
    )


class SearchSettings(Section):
    """The search of releases, at /search."""

    offered: bool = Field(
        default=True,
        description="Whether releases can be searched, at /search. Every search is also a feed.",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=60,
        description="Searches that one client may send per minute, in each web process; more get "
        "429.",
    )
    burst: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=30,
        description="Searches that one client may send at once after a pause; more get 429.",
    )


class DeskSettings(Section):
    """The pages of the press office, at /desk."""

    offered: bool = Field(
        default=True,
        description="Whether the desk is served, at /desk. There is none before the first account: "
        "see communique user.",
    )
    idle_hours: Annotated[float, Field(gt=0, le=168)] = Field(
        default=12.0,
        description="How many hours a session at the desk may be unused before it ends.",
    )
    session_days: Annotated[float, Field(gt=0, le=90)] = Field(
        default=7.0, description="How many days a session at the desk lasts at most."
    )
    user_header: HeaderName | None = Field(
        default=None,
        description="Header by which a proxy in http.trusted_proxies names who is signed in, such "
        "as X-Remote-User; people then sign in there, and not with a password. The proxy must "
        "remove the header from requests that have it.",
    )


class MediaSettings(Section):
    """Pictures and files of releases that are stored on this server, at /media/."""

    max_file_bytes: Annotated[int, Field(ge=1000, le=MAX_MEDIUM_BYTES)] = Field(
        default=100 * 1024 * 1024, description="Largest file, in bytes; larger ones are refused."
    )
    max_total_bytes: Annotated[int, Field(ge=1000, le=2**50)] = Field(
        default=10 * 1024 * 1024 * 1024,
        description="Most bytes that all files together may have; further ones are refused.",
    )
    kinds: Annotated[Items[MediumKindName], Field(min_length=1)] = Field(
        default=("picture", "pdf", "audio", "video", "office", "text", "zip"),
        description="Kinds of files that are stored, by their bytes: picture, pdf, audio, video, "
        "office, text, zip; see docs/media.md. HTML, SVG and programs never are.",
    )
    keep_places: bool = Field(
        default=False,
        description="Whether pictures and films keep the place where they were taken, which "
        "cameras and telephones write into them; it is taken out if false.",
    )
    unused_days: Annotated[float, Field(ge=1, le=36_600)] = Field(
        default=30.0,
        description="How many days a file is kept that no release names any more, or yet.",
    )


class LogSettings(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged: debug, info, warning or error."
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="Log format: text, json, or auto, which is text on a terminal and json "
        "elsewhere.",
    )


class CommuniqueFile(Section):
    """``communique.yaml``: all settings except categories and feeds."""

    site: SiteSettings = Field(description="The newsroom as the public sees it.")
    data_folder: FilePath = Field(
        default=Path("data"),
        description="Folder of the store and the inbox; created if missing. Relative to the "
        "folder of this file.",
    )
    store: StoreSettings = Field(
        default=StoreSettings(), description="The database that holds the releases."
    )
    categories_file: FilePath = Field(
        default=Path("categories.yaml"),
        description="The file of categories and feeds. Relative to this file.",
    )
    intake: IntakeSettings = Field(
        default=IntakeSettings(), description="How documents become releases."
    )
    hubs: Items[Hub] = Field(
        default=(),
        description="WebSub hubs that are pinged at every change, and that feeds name. A list of "
        "URLs, such as [https://pubsubhubbub.appspot.com/]; a hub that needs settings "
        "of its own is a section.",
    )
    upstreams: Items[UpstreamSettings] = Field(
        default=(),
        description="Other people's feeds that this newsroom carries; see docs/upstreams.md.",
    )
    feeds: FeedDefaults = Field(
        default=FeedDefaults(),
        description="Defaults for all feeds; categories.yaml may override them for one feed.",
    )
    schedule: ScheduleSettings = Field(
        default=ScheduleSettings(),
        description="How often the service polls for work; most work starts at once without it.",
    )
    websub: WebSubSettings = Field(default=WebSubSettings(), description="How hubs are pinged.")
    search: SearchSettings = Field(
        default=SearchSettings(),
        description="The search of releases, at /search.",
    )
    own_hub: OwnHubSettings = Field(
        default=OwnHubSettings(),
        description="The WebSub hub that is part of this service, for its own feeds.",
    )
    rsscloud: RssCloudSettings = Field(
        default=RssCloudSettings(),
        description="Notifications for RSS readers that support rssCloud instead of WebSub.",
    )
    canary: CanarySettings = Field(
        default=CanarySettings(),
        description="Subscriptions of this service at each hub, to measure whether pushes arrive.",
    )
    backup: BackupSettings = Field(
        default=BackupSettings(),
        description="Backups that the service makes by itself: see communique store backup.",
    )
    retention: RetentionSettings = Field(
        default=RetentionSettings(),
        description="How long the store keeps what nobody is served.",
    )
    readership: ReadershipSettings = Field(
        default=ReadershipSettings(), description="How many read which feed."
    )
    metrics: MetricsSettings = Field(
        default=MetricsSettings(), description="Metrics for Prometheus."
    )
    alarms: AlarmSettings = Field(
        default=AlarmSettings(), description="What operators are told unasked, and how."
    )
    outbound: OutboundSettings = Field(
        default=OutboundSettings(),
        description="Settings of every request to other servers.",
    )
    http: HttpSettings = Field(
        default=HttpSettings(), description="The address, processes and threads of the web server."
    )
    api: ApiSettings = Field(
        default=ApiSettings(), description="The HTTP API that newsrooms publish through."
    )
    desk: DeskSettings = Field(
        default=DeskSettings(), description="The pages of the press office, at /desk."
    )
    media: MediaSettings = Field(
        default=MediaSettings(),
        description="Pictures and files of releases that are stored on this server, at /media/.",
    )
    log: LogSettings = Field(
        default=LogSettings(),
        description="The log, on standard error.",
    )
