"""Checks a configuration against its schema, and says in one sentence what is wrong with it.

In: the configuration as Snakemake read it. Out: the same with numbers as numbers.
"""

import math
import os
import re
from contextlib import suppress
from difflib import get_close_matches
from os.path import expanduser
from pathlib import Path
from typing import Any

import yaml

from fossilvit.errors import UserError


def checked(config: dict[str, Any], schema: str | os.PathLike[str]) -> dict[str, Any]:
    """Check a configuration.

    Parameters
    ----------
    config : dict
        Numbers may be texts, because Snakemake leaves them so in `--config render='{views: 6}'`.
    schema : path
        A JSON schema in YAML.

    Returns
    -------
    dict, the configuration with numbers as numbers, whole ones as int, and `~` as the home folder

    Raises
    ------
    UserError
        A setting is unknown, or its value is wrong. The message names the setting nearest to an unknown one, or what
        the value may be.
    """
    from jsonschema import Draft202012Validator, validators

    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    config = _typed(config, rules)
    kinds = Draft202012Validator.TYPE_CHECKER.redefine("number", lambda _, value: _is_number(value))
    errors = list(validators.extend(Draft202012Validator, type_checker=kinds)(rules).iter_errors(config))
    unknown = [error for error in errors if error.validator == "additionalProperties"]
    if unknown:
        raise UserError(_unknown_key(unknown[0]))
    if errors:
        raise UserError(_wrong_value(errors[0]))
    config["meshes"] = expanduser(config["meshes"])
    if config["specimens"] is not None:
        config["specimens"] = expanduser(config["specimens"])
        if not os.path.isfile(config["specimens"]):
            raise UserError(f"specimens: there is no file {config['specimens']}; correct the path, or set it to null.")
        config["select"] = _closed(config["select"])
    else:
        _check_no_sheet(config, rules["properties"])
    weights = config["extract"]["weights"]
    if weights is not None:
        config["extract"]["weights"] = expanduser(weights)
        if not os.path.isfile(config["extract"]["weights"]):
            raise UserError(f"extract.weights: there is no file {weights}; correct the path, or set it to null.")
    if config["collection"]["whiten"] != "none":
        _check_whitening(config["pool"], config["render"]["views"])
    if config["pool"] == "concat":
        _check_concat(config["render"])
    return config


def _closed(text: str | None) -> str | None:
    """A row filter with the last quote of `--config select='part == "femur"'`, which Snakemake takes off."""
    opened = re.sub(r"""("[^"]*"|'[^']*'|`[^`]*`)""", "", text or "")
    return f"{text}{opened[mark.start()]}" if (mark := re.search("[\"']", opened)) else text


def _check_no_sheet(config: dict[str, Any], rules: dict[str, Any]) -> None:
    for name in ("object", "category", "select", "restrict"):
        if config[name] != rules[name]["default"]:
            raise UserError(
                f"{name} is {config[name]!r}, a column of a sheet, but there is no sheet; name its file as specimens."
            )


def _check_whitening(pool: str, views: int) -> None:
    if pool != "mean":
        raise UserError(f"collection.whiten: embeddings of pool {pool} cannot be whitened; take pool mean, or none.")
    if views < 2:
        raise UserError("collection.whiten: a single view differs from no other; raise render.views, or take none.")


def _check_concat(render: dict[str, Any]) -> None:
    if render["align"] != "none":
        raise UserError(
            "pool: concat compares view by view, for which all scans must lie in one pose; set render.align to none if "
            "they do, or take pool mean."
        )
    if render["mirror"] != "keep":
        raise UserError("pool: concat tells a specimen from its mirror image; set render.mirror to keep, or take mean.")


def _typed(value: Any, rule: dict[str, Any]) -> Any:
    """A value as the rule demands it: numbers, truth values and nulls for texts, lists of one text, 2 for 2.0."""
    if isinstance(value, dict):
        return {key: _typed(inner, rule.get("properties", {}).get(key, {})) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner, rule.get("items", {})) for inner in value]
    if value is False and "off" in rule.get("enum", ()):  # YAML reads `off` as false
        return "off"
    kinds = {kind for choice in rule.get("oneOf", [rule]) for kind in _kinds(choice)}
    if isinstance(value, str) and kinds == {"array"}:
        return [value]
    if isinstance(value, str) and kinds & _MEANT.keys():
        with suppress(yaml.YAMLError, ValueError):
            parsed = yaml.safe_load(value)
            parsed = _whole(parsed) if "integer" in kinds else parsed
            if type(parsed) in {meant for kind in kinds for meant in _MEANT.get(kind, ())}:
                return parsed
    return _whole(value) if "integer" in kinds else value


def _whole(value: Any) -> Any:
    """A float without a fraction as int; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _unknown_key(error: Any) -> str:
    """The message for a jsonschema.ValidationError about a key that the schema does not have."""
    known = error.schema["properties"]
    key = next(key for key in error.instance if key not in known)
    nearest = get_close_matches(str(key), known, n=1, cutoff=0)[0]
    return f"Unknown setting {_dotted(error, key)!r}; did you mean {_dotted(error, nearest)!r}?"


def _wrong_value(error: Any) -> str:
    """The message for any other jsonschema.ValidationError."""
    name = _dotted(error) or "The configuration"
    if error.validator == "required":
        return f"{name}: {error.message}."
    group = error.schema.get("type") == "object"
    hint = "; on the command line in quotes, e.g. --config extract='{model: hog}'" if group else ""
    return f"{name} is {error.instance!r}, but must be {_allowed(error.schema)}{hint}."


def _dotted(error: Any, *more: object) -> str:
    return ".".join(map(str, [*error.absolute_path, *more]))


def _allowed(rule: dict[str, Any]) -> str:
    """The values that a rule of the schema allows, in words."""
    if "oneOf" in rule:
        return " or ".join(_allowed(choice) for choice in rule["oneOf"])
    if "const" in rule:
        return repr(rule["const"])
    if "enum" in rule:
        return "one of " + ", ".join(map(str, rule["enum"]))
    words = " or ".join(_WORDS[kind] for kind in _kinds(rule))
    limits = " and ".join(f"{label} {rule[key]}" for key, label in _LIMITS.items() if key in rule)
    return f"{words} {limits}".rstrip()


def _kinds(rule: dict[str, Any]) -> list[str]:
    kinds = rule.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


_MEANT: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
"""The Python types that a text is turned into, by the kind of the setting in the schema."""
_WORDS = {
    "object": "a group of settings",
    "array": "a list",
    "string": "a text (in quotes)",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
"""The words of a message for the kinds of settings in the schema."""
_LIMITS = {"minimum": "of at least", "maximum": "of at most"}
"""The words of a message for the limits of a setting in the schema."""
