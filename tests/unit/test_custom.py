import hashlib
import sys
from textwrap import dedent

import numpy as np
import pytest

from fossilvit import encoders
from fossilvit.encoders import Options
from fossilvit.errors import UserError

MEANS = """
import numpy as np

class Means:
    name, dimension, version = "means of channels", 3, "2024-05"

    def encode(self, images):
        return images.mean(axis=(1, 2))

def make(options):
    return Means()
"""


@pytest.fixture(autouse=True)
def imports(monkeypatch):
    """What a user's file brings to the imports does not stay."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - before:
        if "custom" in name or name.startswith("beside"):
            del sys.modules[name]


def written(folder, code, name="mine.py"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(code), encoding="utf-8")
    return path


def create(folder, code, options=None):
    return encoders.create(f"custom:{written(folder, code)}:make", options)


def that_encodes(expression, dimension=3):
    """The code of an encoder whose features are an expression of the images."""
    return f"""
    import numpy as np

    class Mine:
        name, dimension, version = "mine", {dimension}, 1

        def encode(self, images):
            return {expression}

    def make(options):
        return Mine()
    """


def refusal(action, *arguments, match=None):
    with pytest.raises(UserError, match=match) as error:
        action(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def views(count=2, size=8):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def test_an_encoder_of_ones_own_describes_views(tmp_path):
    encoder = create(tmp_path, MEANS)
    features = encoder.encode(views(4))
    assert features.dtype == np.float32 and np.allclose(features, views(4).mean(axis=(1, 2)))
    assert (encoder.name, encoder.dimension, encoder.version) == ("means of channels", 3, "2024-05")
    assert encoder.batch is None


def test_a_path_from_here_does_as_well(tmp_path, monkeypatch):
    written(tmp_path, MEANS, "my encoders/標本.py")
    monkeypatch.chdir(tmp_path)
    assert encoders.create("custom:my encoders/標本.py:make").dimension == 3


def test_the_function_is_told_the_options(tmp_path):
    code = """
    class Told:
        name, version = "told", 1

        def __init__(self, options):
            self.options, self.dimension = options, options.image_size

    def make(options):
        told = Told(options)
        told.encode = None
        return told
    """
    options = Options(image_size=42, token="patch_mean", weights="w.pth", device="cpu", precision="fp32", threads=3)
    encoder = create(tmp_path, code, options)
    assert encoder.inner.options == options and encoder.dimension == 42


def test_of_several_functions_the_named_one_is_taken(tmp_path):
    path = written(tmp_path, MEANS + "\ndef other(options):\n    raise KeyError\n\nsame = make\n")
    assert encoders.create(f"custom:{path}:same").dimension == 3
    assert "KeyError" in refusal(encoders.create, f"custom:{path}:other")


def test_what_lies_beside_the_file_can_be_imported_and_hides_nothing_of_python(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "tabnanny", raising=False)
    written(tmp_path, "TIMES = 2", "beside_the_file.py")
    written(tmp_path, "raise KeyError('hidden')", "tabnanny.py")
    code = "import tabnanny\nfrom beside_the_file import TIMES\n" + dedent(
        that_encodes("images.mean(axis=(1, 2)) * TIMES")
    )
    assert np.allclose(create(tmp_path, code).encode(views()), 2 * views().mean(axis=(1, 2)))


def test_dataclasses_and_pickles_of_the_file_work(tmp_path):
    """Both look for its module among those imported."""
    code = """
    from __future__ import annotations
    import pickle
    from dataclasses import dataclass

    @dataclass
    class Mine:
        dimension: int = 3
        name: str = "mine"
        version: int = 1

        def encode(self, images):
            return images.mean(axis=(1, 2))

    def make(options):
        return pickle.loads(pickle.dumps(Mine()))
    """
    assert create(tmp_path, code).encode(views()).shape == (2, 3)


@pytest.mark.parametrize(
    "expression",
    [
        "images.mean(axis=(1, 2))",
        "images.mean(axis=(1, 2)).astype(np.float16)",
        "images.sum(axis=(1, 2), dtype=np.int64)",
        "images.mean(axis=(1, 2)).tolist()",
        "__import__('torch').from_numpy(images.mean(axis=(1, 2)))",
    ],
)
def test_features_are_float32_whatever_the_encoder_gives(tmp_path, expression):
    features = create(tmp_path, that_encodes(expression)).encode(views())
    assert type(features) is np.ndarray and features.dtype == np.float32 and features.shape == (2, 3)
    assert np.isfinite(features).all() and features.any()


def test_the_images_are_those_of_the_views(tmp_path):
    encoder = create(tmp_path, that_encodes("[[len(images), images.dtype.itemsize, images[-1].sum()]] * len(images)"))
    assert encoder.encode(views()).tolist() == [[2, 1, views()[-1].sum()]] * 2


def test_no_views_have_no_features_and_the_encoder_is_not_asked(tmp_path):
    features = create(tmp_path, that_encodes("1 / 0", dimension=5)).encode(np.zeros((0, 0, 0, 3), np.uint8))
    assert features.shape == (0, 5) and features.dtype == np.float32


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def other(options):\n    pass", "has no attribute 'make'"),
        ("def make(options):\n    return (", "SyntaxError: .*line 2"),
        ("x = '''", "SyntaxError: .*line 1"),
        ("x = 1\nimport no_such_module", "line 2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("from json import nothing", "line 1: ImportError"),
        ("x = 1\n\n1 / 0", "line 3: ZeroDivisionError"),
        ("def make(options):\n    x = 1\n    raise KeyError('weights')", "line 3: KeyError: 'weights'"),
        ("def make(options):\n    raise ValueError('first\\n  second')", "line 2: ValueError: first second"),
        ("def make(options):\n    deeper()\ndef deeper():\n    raise KeyError('x')", "line 4: KeyError: 'x'"),
        ("import json\ndef make(options):\n    return json.loads('{')", "line 3: JSONDecodeError"),
        ("def make():\n    pass", "TypeError: .*make"),
        ("make = 3", "TypeError"),
        ("def make(options):\n    return options.size", "line 2: AttributeError.*size"),
    ],
)
def test_what_goes_wrong_in_the_file_is_told_in_one_sentence_with_its_line(tmp_path, code, said):
    path = written(tmp_path, code)
    assert refusal(encoders.create, f"custom:{path}:make", match=said).startswith(str(path))


def test_the_line_is_that_of_the_file_itself(tmp_path, monkeypatch):
    """Not that of a file beside it whose name ends alike."""
    written(tmp_path, "\n\n\n\ndef fail():\n    raise KeyError('deep')", "beside_mine.py")
    written(tmp_path, "from beside_mine import fail\n\ndef make(options):\n    fail()")
    monkeypatch.chdir(tmp_path)
    assert "mine.py, line 4: KeyError: 'deep'" in refusal(encoders.create, "custom:mine.py:make")


def test_a_sentence_of_the_encoders_own_stays_as_it_is(tmp_path):
    code = (
        "from fossilvit.errors import UserError\n\ndef make(options):\n    raise UserError('Take a larger image_size.')"
    )
    with pytest.raises(UserError, match=r"^Take a larger image_size\.$"):
        create(tmp_path, code)


@pytest.mark.parametrize("dimension", ["0", "-3", "True", "'3'", "3.0", "None", "float('nan')", "np.zeros((2, 2))"])
def test_a_dimension_that_is_no_number_of_features_is_refused_when_the_encoder_is_created(tmp_path, dimension):
    sentence = refusal(create, tmp_path, that_encodes("images", dimension))
    assert sentence.startswith(str(tmp_path / "mine.py"))
    assert "the dimension of what make returns is" in sentence and "a whole number of at least 1" in sentence


@pytest.mark.parametrize("dimension", ["np.int64(3)", "np.uint8(3)"])
def test_a_dimension_may_be_an_integer_of_numpy(tmp_path, dimension):
    encoder = create(tmp_path, that_encodes("images.mean(axis=(1, 2))", dimension))
    assert type(encoder.dimension) is int and encoder.encode(views()).shape == (2, 3)


@pytest.mark.filterwarnings("error")
def test_features_beyond_float32_become_infinite_without_a_warning(tmp_path):
    """Extraction refuses them with the name of the specimen."""
    assert np.isinf(create(tmp_path, that_encodes("np.full((2, 3), 1e300)")).encode(views())).all()


@pytest.mark.parametrize("missing", ["name", "dimension", "version", "encode"])
def test_an_encoder_that_lacks_something_is_refused(tmp_path, missing):
    code = dedent(that_encodes("images")) + f"\ndelattr(Mine, {missing!r})\n"
    sentence = refusal(create, tmp_path, code)
    assert str(tmp_path / "mine.py") in sentence and f"make returns has no {missing};" in sentence


@pytest.mark.parametrize("change", ["name = None", "name = b'x'", "version = np.int64(1)", "version = [1]"])
def test_a_name_or_version_that_no_record_can_hold_is_refused(tmp_path, change):
    sentence = refusal(create, tmp_path, dedent(that_encodes("images")) + f"\nMine.{change}\n")
    assert str(tmp_path / "mine.py") in sentence and "make returns must be a text" in sentence


def test_a_function_that_returns_nothing_is_refused(tmp_path):
    assert "make returns has no name;" in refusal(create, tmp_path, "def make(options):\n    pass")


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("np.zeros((len(images), 4))", [2, 4]),
        ("np.zeros((len(images) - 1, 3))", [1, 3]),
        ("np.zeros((len(images), 3, 1, 1))", [2, 3, 1, 1]),
        ("np.zeros(3)", [3]),
        ("[]", [0]),
        ("None", []),
    ],
)
def test_features_of_another_shape_are_refused(tmp_path, expression, shape):
    sentence = refusal(create(tmp_path, that_encodes(expression)).encode, views())
    assert sentence.startswith(str(tmp_path / "mine.py"))
    assert f"gave {shape} for 2 views and dimension 3" in sentence


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("1 / 0", "line 8: ZeroDivisionError: division by zero"),
        ("np.ones(3) @ np.ones(4)", "line 8: ValueError: matmul"),
        ("[[1, 2, 3], [4]]", "ValueError: .*inhomogeneous"),
        ("[['a', 'b', 'c']] * 2", "encode gave text instead of real numbers"),
        ("[['1', '2', '3']] * 2", "encode gave text instead of real numbers"),
        ("np.full((2, 3), b'1')", "encode gave text instead of real numbers"),
        ("np.ones((2, 3)) + 1j", "encode gave complex numbers instead of real numbers"),
        ("np.ones((2, 3)) > 0", "encode gave truth values instead of real numbers"),
        ("[[None] * 3] * 2", "encode gave Python objects instead of real numbers"),
        ("np.zeros((2, 3), 'M8[s]')", "encode gave values of type datetime64.s. instead of real numbers"),
        ("np.zeros((2, 3), [('x', 'f4')])", "encode gave values of type .* instead of real numbers"),
        ("__import__('torch').zeros(2, 3, requires_grad=True)", "RuntimeError: .*requires grad"),
        ("__import__('torch').zeros(2, 3).bfloat16()", "TypeError: .*BFloat16"),
        ("__import__('torch').zeros(2, 3, device='meta')", "TypeError: .*meta"),
    ],
)
def test_what_goes_wrong_while_encoding_is_told_in_one_sentence(tmp_path, expression, said):
    encode = create(tmp_path, that_encodes(expression)).encode
    assert refusal(encode, views(), match=said).startswith(str(tmp_path / "mine.py"))


def fetched(name, options):
    return encoders.choose(name, options).fetch()


@pytest.mark.parametrize("act", [encoders.create, fetched])
def test_a_file_that_is_not_there_is_told(tmp_path, act):
    sentence = refusal(act, f"custom:{tmp_path}/gone.py:make", Options())
    assert f"no file '{tmp_path}/gone.py'" in sentence


def test_what_an_encoder_is_made_of_is_recorded(tmp_path):
    path = written(tmp_path, MEANS)
    assert fetched(f"custom:{path}:make", Options()) == {
        "encoder": "means of channels",
        "dimension": 3,
        "encoder_version": "2024-05",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_what_is_wrong_is_told_before_anything_is_recorded(tmp_path):
    path = written(tmp_path, "def make(options):\n    return None")
    assert "has no name" in refusal(fetched, f"custom:{path}:make", Options())
