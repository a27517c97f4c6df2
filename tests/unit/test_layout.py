import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.io import contains_wildcard
from snakemake.pathvars import PATHVAR_REGEX

from fossilvit.store import layout
from fossilvit.store.arrays import array_ids
from fossilvit.store.renders import rendered_ids

PIECES = [
    "a",
    "b",
    ".",
    "%",
    "7B",
    "{",
    "}",
    "<",
    ">",
    "x",
    "標",
    ".npy",
    ".JSON",
    "render.json",
    "views.txt",
    "_view00.png",
]
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=12
)
IDS = st.lists(NAMES.filter(lambda name: not name.startswith(".")), min_size=1, max_size=3).map("/".join)


def files_of(identity):
    """The files that a specimen has below data and logs."""
    embedding = layout.array_path("embeddings", identity)
    log = Path("logs", f"{layout.encode(identity)}.log")
    rendered = [layout.render_record("renders", identity), layout.view_list("renders", identity)]
    return [
        *(*rendered, layout.view_path("renders", identity, 0), embedding, layout.record_path(embedding), log),
    ]


@given(IDS)
@example("embeddings")
@example("a%7Bb")
@example("%2%7B")
@example("x.npy/y.json")
def test_the_id_can_be_told_from_the_path_and_snakemake_finds_nothing_of_its_own_in_it(identity):
    path = layout.encode(identity)
    assert layout.decode(path) == identity and path.count("/") == identity.count("/")
    assert not contains_wildcard(path) and not PATHVAR_REGEX.search(path) and not set("{}<>") & set(path)


@given(st.text(st.characters(categories=["L", "N"]) | st.sampled_from(" -_'\"$,;&#!~()[]=+@^`\\"), min_size=1))
def test_an_ordinary_name_stands_in_paths_as_it_is(identity):
    if identity.lower() != "embeddings":
        assert layout.encode(identity) == identity


@given(st.lists(IDS, unique=True, min_size=2, max_size=6))
@example(["x", "x/render.json", "x/views.txt", "x/x_view00.png"])
@example(["a", "a.npy/b", "a.json/b", "a.log/b", "a.NPY/b"])
@example(["embeddings", "Embeddings", "a/embeddings", "a"])
def test_no_file_of_a_specimen_is_in_the_way_of_those_of_another(identities):
    files = [file for identity in identities for file in files_of(identity)] + [
        Path("embeddings/embeddings.npy"),
    ]
    assert len(set(files)) == len(files)
    folders = {parent for file in files for parent in file.parents}
    assert not folders & set(files)


@pytest.mark.parametrize("name", ["x" * 250, "標" * 83, "a" * 244, "{" * 83])
def test_names_of_files_are_never_longer_than_a_file_system_takes(name):
    for file in files_of(f"folder/{name}"):
        assert len(file.name.encode()) <= 255
    assert len(layout.view_name(name, 999).encode()) <= 255


@pytest.mark.parametrize("identity", ["a/標本 1", "x" * 240, "/".join(["folder" * 10] * 9)])
def test_a_query_has_a_name_that_fits_and_is_its_own(identity):
    name = layout.flat(identity)
    assert len(f"neighbors_{name}.json".encode()) <= 255 and "/" not in name
    assert name != layout.flat(f"z{identity}")
    if len(identity) <= 240:
        assert name == identity.replace("/", "__")
    else:
        assert re.match("[0-9a-f]{16}", name) and name.endswith("folder")


def test_the_specimens_of_a_folder_are_told_by_their_ids(tmp_path):
    for identity in ("NHM<holotype>1", "{a.b}", "x/render.json", "x", "embeddings"):
        layout.render_record(tmp_path / "renders", identity).parent.mkdir(parents=True, exist_ok=True)
        layout.render_record(tmp_path / "renders", identity).touch()
        layout.array_path(tmp_path / "features", identity).parent.mkdir(parents=True, exist_ok=True)
        layout.array_path(tmp_path / "features", identity).touch()
    expected = sorted(["NHM<holotype>1", "{a.b}", "x/render.json", "x", "embeddings"])
    assert rendered_ids(tmp_path / "renders") == expected and array_ids(tmp_path / "features") == expected


@pytest.mark.parametrize("identity", ["a", "kind/b {x}", "embeddings"])
def test_the_patterns_of_the_rules_are_the_paths_of_the_stages(identity):
    wildcard = layout.encode(identity)
    assert Path(layout.RENDER_RECORDS.format(id=wildcard)) == layout.render_record(layout.RENDERS, identity)
    assert Path(layout.VIEW_LISTS.format(id=wildcard)) == layout.view_list(layout.RENDERS, identity)
    assert Path(layout.FEATURE_ARRAYS.format(id=wildcard)) == layout.array_path(layout.FEATURES, identity)
    assert Path(layout.EMBEDDING_ARRAYS.format(id=wildcard)) == layout.array_path(layout.EMBEDDINGS, identity)
    table = layout.neighbors_table(layout.RESULTS, identity)
    assert Path(layout.QUERY_TABLES.format(query=layout.flat(identity))) == table
    assert layout.query_of(table) == layout.flat(identity)


def test_paths_are_written_in_layout_alone(repository):
    files = [*(repository / "scripts").rglob("*.py"), *(repository / "workflow").rglob("*.py")]
    files += [repository / "workflow/Snakefile", *(repository / "workflow").rglob("*.smk")]
    assert len(files) > 100
    written = {
        (file.name, path)
        for file in files
        for path in re.findall(r"""["'](?:data|results)/[^"']*["']""", file.read_text(encoding="utf-8"))
    }
    assert {name for name, _ in written} == {"layout.py", "make_fossils.py"}, written
