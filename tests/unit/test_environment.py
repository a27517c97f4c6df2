"""What is written down in more than one place says the same everywhere."""

import importlib
import re
import tomllib
from itertools import chain

import pytest
import yaml

from fossilvit import command_line, encoders, errors
from fossilvit.views import studio


@pytest.fixture(scope="module")
def pins(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    return dict(pin.split("==") for pin in listed)


def conda_environments(repository):
    return sorted((repository / "envs").glob("*.yaml"))


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def defaults(schema):
    if "properties" in schema:
        return {key: defaults(inner) for key, inner in schema["properties"].items()}
    return schema["default"]


def test_everything_is_pinned_exactly(pins):
    assert pins and all(re.fullmatch(r"\d+(\.\d+)+", version) for version in pins.values())


def test_the_conda_environments_have_the_pins_of_the_project(pins, repository):
    paths = conda_environments(repository)
    assert len(paths) >= 3
    for path in paths:
        environment = yaml.safe_load(path.read_text())
        (listed,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
        for name, version in (pin.split("==") for pin in listed):
            assert pins[name] == version, f"{path.name}: {name}"


def test_the_conda_environments_have_a_python_that_the_project_allows(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    lowest, highest = re.findall(r"3\.(\d+)", project["requires-python"])
    for path in conda_environments(repository):
        (minor,) = re.findall(r"python=3\.(\d+)", path.read_text())
        assert int(lowest) <= int(minor) < int(highest)


def test_the_constraints_hold_the_pins_of_the_project(pins, repository):
    path = repository / "envs" / "constraints.txt"
    lines = [line.partition("#")[0].partition(";")[0].strip() for line in path.read_text().splitlines()]
    constraints = {canonical(name): version for name, version in (line.split("==") for line in lines if line)}
    for name, version in pins.items():
        assert constraints.get(canonical(name)) == version, name


def test_the_configuration_shows_the_defaults_of_the_schema(repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text(encoding="utf-8"))
    schema = yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    assert config == defaults(schema)


def test_the_schema_requires_every_key_that_it_knows(repository):
    schema = yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    for group in (schema, *(inner for inner in schema["properties"].values() if "properties" in inner)):
        assert group["required"] == list(group["properties"]) and group["additionalProperties"] is False


def test_both_readmes_name_the_same_commands_and_these_exist(repository):
    paths = [repository / "README.md", repository / "README.ja.md"]
    english, japanese = (re.findall(r"python -m scripts\.(\w+)", path.read_text(encoding="utf-8")) for path in paths)
    assert english and sorted(english) == sorted(japanese)
    assert all((repository / "scripts" / f"{stage}.py").is_file() for stage in english)


def test_stages_and_library_have_the_defaults_of_the_configuration(repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text(encoding="utf-8"))
    assert studio.Settings()._asdict() == config["render"]
    extract = config["extract"]
    assert extract.pop("model") == command_line.MODEL
    usual = encoders.Options()._asdict()
    assert usual.pop("threads") == 1 and usual == extract


def test_the_library_has_one_name():
    with pytest.raises(ImportError, match="Import fossilvit"):
        importlib.import_module("scripts.fossilvit.errors")
    from scripts import find_duplicates

    assert find_duplicates.SpecimenError is errors.SpecimenError


def test_every_room_is_in_the_picture_and_in_the_contract(repository):
    library = repository / "scripts/fossilvit"
    rooms = {path.name for path in library.iterdir() if (path / "__init__.py").is_file()}
    picture = (repository / "docs/rooms.svg").read_text(encoding="utf-8")
    page = (repository / "docs/architecture.md").read_text(encoding="utf-8")
    assert len(rooms) >= 12
    for room in rooms:
        assert f">{room}</text>" in picture and f"| `{room}` |" in page, room
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    (contract, _) = project["tool"]["importlinter"]["contracts"]
    assert contract["exhaustive"] and rooms < set(re.split(r" \| ", " | ".join(contract["layers"])))
