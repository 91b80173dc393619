"""compose.yaml, as far as it can be told without Docker's engine."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import jsonschema
import msgspec
import pytest
import typer
import yaml

from gezhi.cli.app import app
from gezhi.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
HEADER = TEXT[: TEXT.index("\nname: ")]

SCHEMA = Path(__file__).with_name("compose-spec.json")
"""compose-spec/compose-spec, schema/compose-spec.json at 170098ba (2026-06-23),
Apache License 2.0."""

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rule>:[?-][^}]*)?\}")
"""A variable of the compose file with its default or its complaint."""


class Dependency(msgspec.Struct):
    condition: str


class Health(msgspec.Struct):
    test: list[str]
    interval: str
    timeout: str
    retries: int


class Service(msgspec.Struct):
    image: str
    command: list[str]
    environment: dict[str, str] = {}
    depends_on: dict[str, Dependency] = {}
    healthcheck: Health | None = None
    ports: list[str] = []
    volumes: list[str] = []
    profiles: list[str] = []
    restart: str = "no"
    user: str = ""
    network_mode: str = ""
    pid: str = ""

    @property
    def is_ours(self) -> bool:
        return self.image.startswith("gezhi:")

    @property
    def is_one_shot(self) -> bool:
        return self.restart in {"no", "on-failure"}


class Compose(msgspec.Struct):
    services: dict[str, Service]
    volumes: dict[str, None]


COMPOSE = msgspec.convert(yaml.safe_load(TEXT), Compose)
SERVICES = pytest.mark.parametrize("name", COMPOSE.services)


def test_it_is_a_compose_file() -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert [
        error.message for error in validator.iter_errors(yaml.safe_load(TEXT))
    ] == []


def test_each_process_of_ours_has_a_service() -> None:
    ours = {service.command[1] for service in COMPOSE.services.values()}
    assert {"migrate", "ingest", "rules", "api", "simulate"} <= ours


@SERVICES
def test_its_command_exists(name: str) -> None:
    service = COMPOSE.services[name]
    if not service.is_ours:
        return
    program, word, *_ = service.command
    if program == "gezhi":
        commands = typer.main.get_group(app).commands
        assert word in commands
    else:
        assert (program, word) == ("python", "-m")
        assert importlib.util.find_spec(service.command[2]) is not None


@SERVICES
def test_its_settings_are_settings(name: str) -> None:
    service = COMPOSE.services[name]
    if service.command[0] == "gezhi":
        known = Settings.from_environ({}).environ().keys()
        assert service.environment.keys() <= known


@SERVICES
def test_what_it_waits_for_can_come(name: str) -> None:
    service = COMPOSE.services[name]
    beside = [service.network_mode, service.pid]
    for other in (each.removeprefix("service:") for each in beside if each):
        assert other in COMPOSE.services
        assert other in service.depends_on
    for other, dependency in service.depends_on.items():
        target = COMPOSE.services[other]
        if dependency.condition == "service_completed_successfully":
            assert target.is_one_shot
        else:
            assert dependency.condition == "service_healthy"
            assert target.healthcheck is not None
        if target.profiles:
            assert set(service.profiles) <= set(target.profiles)
            assert service.profiles


@SERVICES
def test_what_stays_up_says_whether_it_is_well(name: str) -> None:
    service = COMPOSE.services[name]
    if service.is_one_shot or service.profiles:
        return
    assert service.healthcheck is not None
    assert service.healthcheck.test[0] == "CMD"
    if service.healthcheck.test[1:3] == ["python", "-c"]:
        compile(service.healthcheck.test[3], name, "exec")
    if service.healthcheck.test[1:3] == ["python", "-m"]:
        assert importlib.util.find_spec(service.healthcheck.test[3]) is not None


@SERVICES
def test_its_ports_are_open_to_this_machine_only_unless_asked(name: str) -> None:
    for port in COMPOSE.services[name].ports:
        assert port.startswith("${GEZHI_BIND:-127.0.0.1}:")


@SERVICES
def test_its_image_has_a_version(name: str) -> None:
    image, _, tag = COMPOSE.services[name].image.rpartition(":")
    assert image
    assert re.fullmatch(r"\d+\.\d+\.\d+(-pg\d+)?", tag)
    if image == "gezhi":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert tag == project["version"]


@SERVICES
def test_its_volumes_are_declared_or_in_the_checkout(name: str) -> None:
    for volume in COMPOSE.services[name].volumes:
        source = VARIABLE.sub(lambda each: (each["rule"] or "")[2:], volume)
        source = source.partition(":")[0]
        assert source in COMPOSE.volumes or source == "./simulators/sample_city"


@SERVICES
def test_it_does_not_run_as_root(name: str) -> None:
    # The database's image changes its user by itself, after it owns its volume.
    assert COMPOSE.services[name].user == ("" if name == "database" else "1883:1883")


def test_there_is_no_default_password() -> None:
    for variable in VARIABLE.finditer(TEXT):
        if "PASSWORD" in variable["name"]:
            assert variable["rule"] == ":?run scripts/compose-env first"
    words = {
        value
        for service in COMPOSE.services.values()
        for name, value in service.environment.items()
        if name.endswith("PASSWORD")
    }
    assert all(VARIABLE.fullmatch(word) for word in words)


def test_the_header_explains_each_variable_and_no_other() -> None:
    explained = set(re.findall(r"^#   (GEZHI_\w+)  ", HEADER, re.MULTILINE))
    assert explained == {each["name"] for each in VARIABLE.finditer(TEXT)}


def test_a_variable_has_one_default() -> None:
    rules = {(each["name"], each["rule"]) for each in VARIABLE.finditer(TEXT)}
    assert len(rules) == len({name for name, _ in rules})
