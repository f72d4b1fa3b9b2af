"""The house stands as designed: imports run down only, and each outside library has one door."""

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: From the top floor to the ground. Rooms on one floor leave each other alone.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("service.__main__",),
    ("service.cli",),
    ("service.processes.supervisor",),
    ("service.processes.child_processes",),
    ("service.processes.web", "service.processes.jobs", "service.processes.hub"),
    ("service.processes.background", "service.processes.status"),
    ("service.wiring", "service.processes.http_server"),
    ("service.processes.reports",),
    ("service.scheduler", "service.export"),
    ("service.web", "service.jobs", "service.imports"),
    ("service.alarms", "service.readership", "service.redirects"),
    ("service.application",),
    ("service.upstreams",),
    ("service.websub", "service.processes.file_modes", "service.processes.listening"),
    ("service.store_writes", "service.accounts"),
    ("service.processes.locks", "service.processes.service_manager", "service.failures"),
    (
        "service.outbound",
        "service.processes.active_configuration",
        "service.stores",
        "service.store_clock",
        "service.commit_signal",
        "service.passwords",
        "service.media",
    ),
    ("service.settings",),
    (
        "service.http_rules",
        "service.processes.supervisor_line",
        "service.processes.status_line",
        "service.liveness",
        "service.logs",
        "service.errors",
        "service.time_zones",
        "service.processes.signals",
        "service.sockets",
        "service.tokens",
        "service.memory",
        "service.metrics",
    ),
    ("feeds.newsroom", "feeds.newsstand", "feeds.imports"),
    ("feeds.fingerprints", "feeds.redirects"),
    ("feeds.ingest", "feeds.store", "feeds.render", "feeds.categories", "feeds.revision"),
    ("feeds.address_patterns",),
    ("feeds.search",),
    ("feeds.html", "feeds.media"),
    ("feeds.model",),
    ("feeds.errors",),
)

#: The only places that may import a library.
DOORS: dict[str, tuple[str, ...]] = {
    "alembic": ("feeds.store",),
    "argon2": ("service.passwords",),
    "apscheduler": ("service.scheduler",),
    "babel": ("service.web.page_language",),
    "brotli": ("service.web.encoded_variants",),
    "deflate": ("feeds.render.compression",),
    "feedgen": ("feeds.render.feedgen_bridge",),
    "feedparser": ("feeds.imports.feed",),
    "filelock": ("service.processes.locks",),
    "flask": ("service.web",),
    "jinja2": ("service.web",),
    "lxml": ("feeds.render", "feeds.imports"),
    "mammoth": ("feeds.ingest.word.form",),
    "markdown_it": ("feeds.ingest.markdown_form",),
    "mdit_py_plugins": ("feeds.ingest.markdown_form",),
    "markupsafe": ("service.web",),
    "idna": ("feeds.model.hosts",),
    "nh3": ("feeds.ingest.bodies.cleaning",),
    "prometheus_client": ("service.metrics",),
    "pycurl": ("service.outbound.bulk_http_client", "service.outbound.transfers"),
    "pydantic": ("service.settings", "service.web.api"),
    "pydantic_core": ("service.settings",),
    "requests": ("service.outbound",),
    "rich": ("service.cli",),
    "selectolax": ("feeds.html.tree",),
    "slugify": ("feeds.revision",),
    "sqlalchemy": ("feeds.store",),
    "smtplib": ("service.outbound.smtp_client",),
    "structlog": ("service.logs",),
    "typer": ("service.cli",),
    "tzdata": ("service.time_zones",),
    "urllib3": ("service.outbound",),
    "uvicorn": ("service.processes.http_server",),
    "uvloop": ("service.processes.http_server",),
    "werkzeug": ("service.web", "service.http_rules"),
    "yaml": ("service.settings", "feeds.ingest.markdown_form"),
    "zstandard": ("service.web.encoded_variants",),
}

#: `feeds` has no clock, no chance, no sockets and no environment: all of it comes in.
NOT_IN_FEEDS = (
    "http",
    "os",
    "random",
    "secrets",
    "service",
    "socket",
    "subprocess",
    "time",
    "urllib.request",
)

#: Distributions that are imported by another name.
IMPORT_NAMES = {
    "argon2-cffi": "argon2",
    "markdown-it-py": "markdown_it",
    "mdit-py-plugins": "mdit_py_plugins",
    "prometheus-client": "prometheus_client",
    "python-slugify": "slugify",
    "pyyaml": "yaml",
}

#: Imported by SQLAlchemy, by the name in the store's URL; and by uvicorn's protocol.
LOADED_BY_NAME = {"httptools", "psycopg"}


def sources() -> list[Path]:
    """Every module of the product."""
    return sorted([*ROOT.glob("feeds/**/*.py"), *ROOT.glob("service/**/*.py")])


def module_name(path: Path) -> str:
    """``feeds/store/pings.py`` is ``feeds.store.pings``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def _told(path: Path) -> Sequence[ast.AST]:
    """Imports and classes of a module, at its top or anywhere inside: read once for all tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Import, ast.ImportFrom, ast.ClassDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def imports(path: Path) -> Iterator[str]:
    """What a module imports, at its top or anywhere inside."""
    for node in _told(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_in(module: str, room: str) -> bool:
    """True when *module* is the room or stands in it."""
    return module == room or module.startswith(f"{room}.")


def floor_of(module: str) -> tuple[int, str] | None:
    """The floor (0 is the top) and the room of a module of ours."""
    found = [
        (number, room)
        for number, rooms in enumerate(FLOORS)
        for room in rooms
        if is_in(module, room)
    ]
    return found[0] if found else None


def crossings() -> Iterator[tuple[str, str]]:
    """Each import of the product, as (who, what)."""
    for path in sources():
        for imported in imports(path):
            yield module_name(path), imported


def test_handlers_of_signals_are_set_in_one_place() -> None:
    """What else runs in one may lock out the thread that it interrupts."""
    sets = re.compile(r"\bsignal\.signal\(|\bset_wakeup_fd\(|\badd_signal_handler\(")
    setting = {
        module_name(path) for path in sources() if sets.search(path.read_text(encoding="utf-8"))
    }
    # The trial's ends a page on trial by an exception, in the thread that it interrupts.
    assert setting == {"service.processes.signals", "service.web.trial"}


def test_every_module_stands_in_a_room() -> None:
    modules = {module_name(path) for path in sources()} - {"feeds", "service", "service.processes"}
    assert {module for module in modules if floor_of(module) is None} == set()


def test_imports_run_down_only() -> None:
    upward = []
    for module, imported in crossings():
        here, there = floor_of(module), floor_of(imported)
        if here is None or there is None or here[1] == there[1]:
            continue
        if there[0] <= here[0]:
            upward.append(f"{module} imports {imported}")
    assert upward == []


def test_each_library_has_one_door() -> None:
    others = [
        f"{module} imports {imported}"
        for module, imported in crossings()
        if (doors := DOORS.get(imported.partition(".")[0])) is not None
        and not any(is_in(module, door) for door in doors)
    ]
    assert others == []


def test_every_door_is_used() -> None:
    """A library that nobody imports any more is a burden."""
    assert set(DOORS) <= {imported.partition(".")[0] for _, imported in crossings()}


def test_every_dependency_has_a_door() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "dependencies"
    ]
    distributions = {re.split(r"[\[<>=]", line)[0] for line in declared}
    assert {IMPORT_NAMES.get(name, name) for name in distributions - LOADED_BY_NAME} <= set(DOORS)


def test_the_domain_has_no_clock_no_chance_and_no_sockets() -> None:
    seen = [
        f"{module} imports {imported}"
        for module, imported in crossings()
        if is_in(module, "feeds") and any(is_in(imported, name) for name in NOT_IN_FEEDS)
    ]
    assert seen == []


def dependencies() -> dict[str, set[str]]:
    """Which modules of ours each module of ours imports."""
    modules = {module_name(path) for path in sources()}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for module, name in crossings():
        imported = next(filter(modules.__contains__, _prefixes(name)), "")
        # ``from a.b import c`` names ``a.b`` as well, and what is in a package imports no package.
        if imported not in ("", module) and not module.startswith(f"{imported}."):
            graph[module].add(imported)
    return graph


def _prefixes(name: str) -> Iterator[str]:
    """``a.b.c``, ``a.b`` and ``a``."""
    parts = name.split(".")
    yield from (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Some members of a circle; none when there is no circle."""
    left = {node: set(others) & set(graph) - {node} for node, others in graph.items()}
    while leaves := [node for node, others in left.items() if not others]:
        for leaf in leaves:
            del left[leaf]
        for others in left.values():
            others.difference_update(leaves)
    return sorted(left)


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle_in(dependencies()) == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    """Whatever stands side by side in a package: its modules, and its packages as wholes."""
    graph = dependencies()
    parents = {module.rpartition(".")[0] for module in graph} - {""}
    for parent in parents:
        beside: dict[str, set[str]] = {}
        for module, others in graph.items():
            if not module.startswith(f"{parent}."):
                continue
            depth = parent.count(".") + 2
            here = ".".join(module.split(".")[:depth])
            there = {".".join(other.split(".")[:depth]) for other in others}
            inside = {other for other in there if other.startswith(f"{parent}.")} - {here}
            beside.setdefault(here, set()).update(inside)
        assert circle_in(beside) == [], f"in {parent}"


def test_no_class_name_stands_twice() -> None:
    places: dict[str, list[str]] = {}
    for path in sources():
        for node in _told(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{module_name(path)}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
