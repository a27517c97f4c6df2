"""What the tests of every format ask of a mesh that was read, or refused."""

import pytest

from fossilvit import meshes
from fossilvit.errors import SpecimenError


def is_cube(mesh):
    found = meshes.facts(mesh)
    assert (found["vertices"], found["faces"], found["watertight"]) == (8, 12, True)
    assert (found["area"], found["volume"]) == (pytest.approx(6), pytest.approx(1))
    return True


def is_tetrahedron(mesh):
    found = meshes.facts(mesh)
    assert (found["vertices"], found["faces"], found["watertight"]) == (4, 4, True)
    assert found["volume"] == pytest.approx(1 / 6)
    return True


def refusal(path):
    """The sentence in which a file is refused."""
    with pytest.raises(SpecimenError) as error:
        meshes.read(path)
    sentence = str(error.value)
    assert sentence.startswith(str(path)) and sentence.endswith(".") and "\n" not in sentence
    return sentence
