"""The files in ``deploy/`` are what their programs take them for.

That they work is shown elsewhere: the proxies in ``tests/service/test_reverse_proxies.py``, what
systemd is told in ``tests/service/test_service_manager.py``, the image by a trial,
``python -m tests.trials.image``.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from service.settings.communique_file import CommuniqueFile
from tests.support.services import missing

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
UNITS = sorted(
    path for path in (DEPLOY / "systemd").iterdir() if path.suffix in (".service", ".timer")
)


def call(*argv: str | Path) -> str:
    """What a checker says; nothing if all is well."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    return said if done.returncode else ""


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    assert call(BIN / "hadolint", DEPLOY / "Dockerfile") == ""


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_are_by_the_specification(path: Path) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert call(BIN / "check-jsonschema", *schema, path) == ""


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_containers_have_a_read_only_root_and_no_privileges(path: Path) -> None:
    services = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    ours = [each for each in services.values() if each["image"] == "communique"]
    assert ours
    for each in ours:
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", []))


def test_variables_are_keys_of_the_configuration() -> None:
    """A misspelt one would be a fault at every start."""
    keys = {
        f"COMMUNIQUE_{section}__{key}".upper()
        for section, field in CommuniqueFile.model_fields.items()
        for key in getattr(field.annotation, "model_fields", {})
    } | {f"COMMUNIQUE_{key}".upper() for key in CommuniqueFile.model_fields}
    for path in (DEPLOY / "Dockerfile", *COMPOSE, *UNITS):
        named = set(re.findall(r"COMMUNIQUE_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= keys | {"COMMUNIQUE_CONFIG"}, path.name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(path: Path, tmp_path: Path) -> None:
    """But for the program, which is not installed here."""
    program = shutil.which("systemd-analyze") or missing(
        "systemd-analyze", "apt-get install systemd"
    )
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(
            "/opt/communique/bin/communique", "/bin/true"
        )
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    assert call(program, "verify", "--man=no", tmp_path / path.name) == ""


def test_the_exposure_is_what_the_documentation_says(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze") or missing(
        "systemd-analyze", "apt-get install systemd"
    )
    text = (DEPLOY / "systemd" / "communique.service").read_text(encoding="utf-8")
    unit = tmp_path / "communique.service"
    unit.write_text(text.replace("/opt/communique/bin/communique", "/bin/true"), encoding="utf-8")
    # In tenths; fails where it is more.
    assert call(program, "security", "--offline=true", "--threshold=14", unit) == ""
