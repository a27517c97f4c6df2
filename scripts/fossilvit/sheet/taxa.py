"""Takes genus and species from the names of taxa.

In: names as people write them, with authors, years and open nomenclature. Out: genus and species, or nothing where the
name leaves them open. Standard library only.

References: International Code of Zoological Nomenclature, 4th ed., 1999, articles 5 (names of two words) and 51
(authors and dates). Bengtson P. 1988. Open nomenclature. Palaeontology 31:223-227 (cf., aff., sp., indet.).
"""

import re

from fossilvit.sheet import words

GENUS = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ]+(?:-[a-zß-ÿ]+)?")
EPITHET = re.compile(r"[a-zß-ÿ]{2,}(?:-[a-zß-ÿ]+)*|[a-z]-[a-zß-ÿ]+")
SUBGENUS = re.compile(r"\s*\([^)]*\)")
FAMILY = re.compile(r".+(?:idae|inae|oidea|iformes|aceae)")
"""Names of families and orders, which are no genera."""
OPEN = frozenset(
    ("sp", "spp", "ssp", "subsp", "cf", "aff", "nov", "n", "ex", "gr", "var", "f", "forma", "et", "x", "×", "nr")
    + ("type", "group", "morph", "morphotype")
)
"""Words in the place of an epithet that leave the species open."""
NO_GENUS = frozenset(("gen", "indet"))
"""Words in this place that may leave the genus open too."""
PARTICLES = frozenset(
    ("de", "da", "do", "du", "del", "della", "di", "la", "le", "van", "von", "den", "der", "ter", "zu", "zur")
    + ("in", "and", "und")
)
"""Words that begin the name of an author."""


def genus(name: str) -> str:
    """The genus in a name of two words or in one such as `Homo sp.`; empty if the name leaves it open."""
    first, second = _first_two(name)
    is_open = second.rstrip(".") in OPEN or second.strip("?\"'“”‘’«»") != second
    return first if _is_genus(first) and (is_open or _is_epithet(second)) else ""


def species(name: str) -> str:
    """The species in a name, as genus and epithet; empty if the name leaves it open or has no two such words."""
    first, second = _first_two(name)
    return f"{first} {second}" if _is_genus(first) and _is_epithet(second) else ""


def completed(species_name: str, genus_name: str) -> str:
    """The value of a column of species as the name of a species.

    Parameters
    ----------
    species_name : str
        A name of two words, or an epithet.
    genus_name : str
        Empty if the genus is not known. An epithet alone then stays as it is.
    """
    name = words.label(species_name)
    if found := species(name):
        return found
    first, *others = name.split() or [""]
    if first.rstrip(".") in OPEN | NO_GENUS or "?" in first or (others and genus(name)):
        return ""
    has_author = bool(others) and not others[0][0].islower()
    return f"{genus_name} {first}" if genus_name and _is_epithet(first) and (has_author or not others) else name


def certain(value: str) -> str:
    """A taxon of higher rank as a label; empty if a mark such as `?` or `cf.` leaves it open."""
    name = words.label(value)
    first = name.partition(" ")[0].rstrip(".").casefold()
    return "" if first in ("cf", "aff") or name.startswith("?") or name.endswith("?") else name


def _first_two(name: str) -> tuple[str, str]:
    """The first two words of a name, without a subgenus in parentheses between them."""
    first, second, *_ = [*SUBGENUS.sub(" ", words.label(name)).split(), "", ""]
    return first, second.rstrip(",;")


def _is_genus(word: str) -> bool:
    return GENUS.fullmatch(word) is not None and FAMILY.fullmatch(word) is None


def _is_epithet(word: str) -> bool:
    return EPITHET.fullmatch(word) is not None and word not in OPEN | NO_GENUS | PARTICLES
