import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fossilvit import encoders
from fossilvit.encoders import Options, registry
from fossilvit.encoders.vision import weights
from fossilvit.errors import UserError

DINOV2 = [f"dinov2_vit{size}14{registers}" for registers in ("", "_reg") for size in "sblg"]
FORMS = ["custom:FILE.py:FUNCTION", "torchscript:FILE.pt"]
HEAVY = {"numpy", "torch", "openvino", "skimage", "PIL", "scipy"}


def told(code, package):
    """What a fresh Python prints that knows the package in a folder."""
    environment = os.environ | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def own(tmp_path):
    """The two files that encoders of one's own are made of, by form; what they hold does not matter before creation."""
    for name in ("mine.py", "net.pt"):
        (tmp_path / name).write_text("")
    return {"custom": f"custom:{tmp_path}/mine.py:make", "torchscript": f"torchscript:{tmp_path}/net.pt"}


def test_every_model_of_meta_is_there_first_then_hog_then_those_of_ones_own():
    names = encoders.names()
    assert set(names[:8]) == set(DINOV2) and names[0] == "dinov2_vits14"
    assert names[8:] == ["hog", *FORMS]


@pytest.mark.parametrize(
    "name",
    ["dinov3", "dinov2", "HOG", "", "hog:x", "dinov2_vits14:x.pth"]
    + ["custom", "custom:", "custom:x.py", "custom:x.py:", "custom::make", "custom:x.py:make:y"]
    + ["torchscript", "torchscript:", "torchscript:x.pt:y"],
)
@pytest.mark.parametrize(
    "use",
    [encoders.create, encoders.choose, registry.file],
    ids=["create", "choose", "file"],
)
def test_an_unknown_model_is_named_with_those_there_are(use, name):
    with pytest.raises(UserError) as error:
        use(name)
    assert repr(name) in str(error.value) and all(known in str(error.value) for known in [*DINOV2, "hog", *FORMS])


def test_an_encoder_of_ones_own_is_made_of_the_file_in_its_name(own, tmp_path):
    assert registry.file(own["custom"]) == f"{tmp_path}/mine.py"
    assert registry.file(own["torchscript"]) == f"{tmp_path}/net.pt"


@pytest.mark.parametrize("name", [*DINOV2, "hog"])
def test_the_built_in_ones_are_made_of_no_file(name):
    assert registry.file(name) is None


@pytest.mark.parametrize("name", ["custom:{}/gone.py:make", "torchscript:{}/gone.pt", "custom:{}:make"])
def test_a_file_that_is_not_there_is_told_with_the_name(tmp_path, name):
    name = name.format(tmp_path)
    with pytest.raises(UserError) as error:
        registry.file(name)
    assert str(error.value).startswith(name) and repr(name.split(":")[1]) in str(error.value)


def test_a_file_is_meant_from_where_the_command_runs(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert registry.file("custom:mine.py:make") == "mine.py"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registry.file("custom:~/mine.py:make") == f"{tmp_path}/mine.py"


def test_every_name_has_a_version_that_is_a_number_of_its_kind(own):
    versions = {name: encoders.choose(name).kind.version for name in [*DINOV2, "hog", *own.values()]}
    assert all(type(version) is int and version > 0 for version in versions.values())
    assert len({versions[name] for name in DINOV2}) == 1


def test_a_larger_network_is_given_more_memory():
    """What processes of L at 518 px and g at 224 px took was 2.9 and 8.9 GB."""
    needs = [encoders.choose(name).memory() for name in DINOV2[:4]]
    assert needs == sorted(needs) and needs[2] > 2900 and needs[3] > 8900
    assert [encoders.choose(name).memory() for name in DINOV2[4:]] == needs


def test_the_encoders_are_listed_and_asked_for_their_versions_without_any_heavy_import(repository, own):
    """Snakemake does so at every start."""
    code = f"""
import sys
from fossilvit import encoders
for name in {[*DINOV2, "hog", *own.values()]}:
    encoders.choose(name).memory()
print(*sys.modules)
"""
    modules = told(code, repository / "scripts")
    assert "fossilvit.encoders.kinds.dinov2" in modules and not HEAVY & set(modules)


def test_nothing_heavy_is_imported_when_snakemake_reads_the_rules(repository):
    rules = [repository / "workflow/Snakefile", *(repository / "workflow/rules").glob("*.smk")]
    imports = [line for file in rules for line in file.read_text().splitlines() if line.startswith("from fossilvit")]
    assert len(imports) >= 3
    assert not HEAVY & set(told("\n".join(["import sys", *imports, "print(*sys.modules)"]), repository / "scripts"))


def test_hog_needs_neither_torch_nor_openvino(repository):
    code = """
import sys
import numpy
from fossilvit import encoders
encoders.create("hog").encode(numpy.zeros((1, 9, 9, 3), numpy.uint8))
print(*sys.modules)
"""
    modules = told(code, repository / "scripts")
    assert "skimage" in modules and not {"torch", "openvino"} & set(modules)


BRIGHTNESS = """
from fossilvit.encoders.registry import Encoder, register

class Brightness(Encoder):
    name, dimension, version = "brightness", 1, 7

    def describe(self, prepared):
        import numpy as np

        return np.array([[image.mean()] for image in prepared], np.float32).reshape(-1, 1)
"""
REGISTERED = """
@register("brightness", version=7)
def create(name, options):
    return Brightness()
"""


def test_a_file_in_the_folder_is_all_it_takes_to_add_an_encoder(repository, tmp_path):
    shutil.copytree(
        repository / "scripts" / "fossilvit", tmp_path / "fossilvit", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "fossilvit" / "encoders" / "kinds" / "brightness.py").write_text(BRIGHTNESS + REGISTERED)
    code = """
import numpy
from fossilvit import encoders
print(encoders.__file__)
chosen = encoders.choose("brightness")
print("brightness" in encoders.names(), chosen.kind.version, chosen.fetch())
print(encoders.create("brightness").encode(numpy.full((2, 3, 3, 3), 9, numpy.uint8)).tolist())
"""
    file, *said = told(code, tmp_path)
    assert Path(file) == tmp_path / "fossilvit" / "encoders" / "__init__.py"
    assert said == ["True", "7", "{}", "[[9.0],", "[9.0]]"]


@pytest.fixture(params=["dinov2_vits14", "hog", "custom", "torchscript"])
def encoder(request, tmp_path, monkeypatch):
    """One of every kind, as small as it can be."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    options = Options(image_size=56, device="cpu", engine="torch", precision="fp32")
    name = request.param
    if name == "dinov2_vits14":
        options = options._replace(weights=request.getfixturevalue("vits14_weights"))
    if name == "custom":
        (tmp_path / "mine.py").write_text(BRIGHTNESS + "def make(options):\n    return Brightness()\n")
        name = f"custom:{tmp_path}/mine.py:make"
    if name == "torchscript":
        name = f"torchscript:{flattening(tmp_path / 'net.pt')}"
    return encoders.create(name, options)


def flattening(path):
    """A saved network whose features are the pixels of the view."""
    import torch

    torch.jit.script(torch.nn.Flatten()).save(path)
    return path


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_every_encoder_keeps_what_is_promised(encoder):
    assert type(encoder.name) is str and type(encoder.dimension) is int
    assert isinstance(encoder.version, int | str) and encoder.batch is None
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 60, 3), np.uint8)
    features = encoder.encode(images)
    assert features.shape == (3, encoder.dimension) and features.dtype == np.float32 and np.isfinite(features).all()
    assert np.array_equal(encoder.describe([encoder.prepare(image) for image in images]), features)
    assert np.allclose(encoder.encode(images[1:2]), features[1:2], atol=1e-5)
    none = encoder.encode(images[:0])
    assert none.shape == (0, encoder.dimension) and none.dtype == np.float32


def digest(path):
    return f"digest of {Path(path).name}"


def test_a_recipe_holds_what_features_depend_on_and_not_where_it_lies(tmp_path):
    (tmp_path / "mine.py").touch()
    options = encoders.Options(weights="elsewhere/w.pth", precision="fp32", device="cuda", threads=8)
    found = encoders.choose(f"custom:{tmp_path / 'mine.py'}:create", options).recipe(digest)
    assert found["made_of"] == {"file": "digest of mine.py", "weights": "digest of w.pth"}
    assert found["precision"] == "fp32" and not found.keys() & {"weights", "device", "threads"}
    fetched = encoders.choose(f"custom:{tmp_path / 'mine.py'}:create", options).fetch_recipe(digest)
    assert fetched["weights"] == "elsewhere/w.pth" and "precision" not in fetched


def test_weights_of_ones_own_are_part_of_a_recipe_and_metas_are_known_before_they_are_here(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name, usual = "dinov2_vits14", encoders.Options()
    assert encoders.choose(name, usual).recipe(digest)["made_of"] == {"weights": weights.SHA256[name]}
    assert encoders.choose(name, usual._replace(weights="w.pth")).recipe(digest)["made_of"] == {
        "weights": "digest of w.pth"
    }
    hub = encoders.choose(name, usual._replace(source="hub")).recipe(digest)["made_of"]
    assert hub == {"weights": weights.SHA256[name], "code": weights.HUB_COMMIT}
    assert encoders.choose("hog", usual).recipe(digest)["made_of"] == {}


def test_an_encoder_is_here_when_its_weights_and_code_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name, usual = "dinov2_vits14", encoders.Options()
    assert encoders.choose("hog", usual).is_here() and not encoders.choose(name, usual).is_here()
    assert encoders.choose(name, usual._replace(weights="w.pth")).is_here()
    assert not encoders.choose(name, usual._replace(weights="w.pth", source="hub")).is_here()
    weights.cached(name).parent.mkdir(parents=True)
    weights.cached(name).touch()
    assert encoders.choose(name, usual).is_here()
