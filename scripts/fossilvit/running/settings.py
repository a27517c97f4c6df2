"""Checks a configuration against its schema and says in a sentence what is wrong with it."""

import os
from contextlib import suppress
from difflib import get_close_matches
from os.path import expanduser
from pathlib import Path

import yaml

from fossilvit.errors import UserError


def checked(config, schema) -> dict:
    """Check a configuration.

    Parameters
    ----------
    config : dict
        Numbers may be texts, as Snakemake leaves them in `--config render='{views: 6}'`.
    schema : path
        A JSON schema in YAML.

    Returns
    -------
    dict, the configuration with numbers as numbers and `~` as the home folder

    Raises
    ------
    UserError
        Names the first key that is wrong and what it may be, or the known key nearest to an unknown one.
    """
    from jsonschema import Draft202012Validator

    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    config = _typed(config, rules)
    errors = list(Draft202012Validator(rules).iter_errors(config))
    unknown = [error for error in errors if error.validator == "additionalProperties"]
    if unknown:
        raise UserError(_unknown_key(unknown[0]))
    if errors:
        raise UserError(_wrong_value(errors[0]))
    config["meshes"] = expanduser(config["meshes"])
    weights = config["extract"]["weights"]
    if weights is not None:
        config["extract"]["weights"] = expanduser(weights)
        if not os.path.isfile(config["extract"]["weights"]):
            raise UserError(f"extract.weights: there is no file {weights}; correct the path, or set it to null.")
    if config["collection"]["whiten"] != "none":
        _check_whitening(config["pool"], config["render"]["views"])
    return config


def _check_whitening(pool, views):
    if pool != "mean":
        raise UserError(f"collection.whiten: embeddings of pool {pool} cannot be whitened; take pool mean, or none.")
    if views < 2:
        raise UserError("collection.whiten: a single view differs from no other; raise render.views, or take none.")


def _typed(value, rule):
    """A value with texts turned into the numbers, truths, nulls and lists of one that its rule asks for."""
    if isinstance(value, dict):
        return {key: _typed(inner, rule.get("properties", {}).get(key, {})) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner, rule.get("items", {})) for inner in value]
    if value is False and "off" in rule.get("enum", ()):  # which is a truth in YAML
        return "off"
    kinds = {kind for choice in rule.get("oneOf", [rule]) for kind in _kinds(choice)}
    if isinstance(value, str) and kinds == {"array"}:
        return [value]
    if isinstance(value, str) and kinds & _MEANT.keys():
        with suppress(yaml.YAMLError):
            parsed = yaml.safe_load(value)
            if type(parsed) in {meant for kind in kinds for meant in _MEANT.get(kind, ())}:
                return parsed
    return value


def _unknown_key(error):
    known = error.schema["properties"]
    key = next(key for key in error.instance if key not in known)
    nearest = get_close_matches(str(key), known, n=1, cutoff=0)[0]
    return f"Unknown setting {_dotted(error, key)!r}; did you mean {_dotted(error, nearest)!r}?"


def _wrong_value(error):
    name = _dotted(error) or "The configuration"
    if error.validator == "required":
        return f"{name}: {error.message}."
    group = error.schema.get("type") == "object"
    hint = "; on the command line in quotes, e.g. --config extract='{model: hog}'" if group else ""
    return f"{name} is {error.instance!r}, but must be {_allowed(error.schema)}{hint}."


def _dotted(error, *more):
    return ".".join(map(str, [*error.absolute_path, *more]))


def _allowed(rule):
    """What a rule of the schema allows, in words."""
    if "oneOf" in rule:
        return " or ".join(_allowed(choice) for choice in rule["oneOf"])
    if "const" in rule:
        return repr(rule["const"])
    if "enum" in rule:
        return "one of " + ", ".join(map(str, rule["enum"]))
    words = " or ".join(_WORDS[kind] for kind in _kinds(rule))
    limits = " and ".join(f"{label} {rule[key]}" for key, label in _LIMITS.items() if key in rule)
    return f"{words} {limits}".rstrip()


def _kinds(rule):
    kinds = rule.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


_MEANT = {"integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),)}
"""What a text stands for where a setting is of that kind."""
_WORDS = {
    "object": "a group of settings",
    "array": "a list",
    "string": "a text (in quotes)",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_LIMITS = {"multipleOf": "divisible by", "minimum": "of at least", "maximum": "of at most"}
