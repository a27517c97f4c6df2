"""What the READMEs show in Python runs as they show it."""

import re

import pytest

from fossilvit.examples.collection import write_collection


def snippets(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
def test_the_notebook_of_the_readme_renders_describes_pools_clusters_and_searches(
    repository, tmp_path, monkeypatch, capsys
):
    (notebook,) = snippets(repository / "README.md")
    assert len(notebook.split("\n\n")[-1].splitlines()) <= 10
    write_collection(tmp_path / "data/example_fossils", 3, 0)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(notebook, names)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(names["scans"]) == len(names["embeddings"]) > 20
    assert names["views"][0].shape == (12, 224, 224, 3)
    pairs = [re.fullmatch(r"(\w+)_\d+ \(cluster -?\d+\) is nearest to (\w+)_\d+ \(\d\.\d{3}\)", line) for line in said]
    assert all(pairs) and sum(pair[1] == pair[2] for pair in pairs) > len(pairs) / 2


def test_both_readmes_show_the_same_python(repository):
    assert snippets(repository / "README.md") == snippets(repository / "README.ja.md")
