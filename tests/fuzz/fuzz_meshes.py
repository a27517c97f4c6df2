"""Broken meshes by the thousand -> what the reader and the renderer did not foresee.

    python tests/fuzz/fuzz_meshes.py --minutes 10               guided by coverage; needs `pip install atheris`
    python tests/fuzz/fuzz_meshes.py --minutes 10 --compiled    blind, in forked children, which show crashes
    python tests/fuzz/fuzz_meshes.py --minutes 10 --checked     the same with the bounds of every index checked

Coverage sees no compiled code, so the first runs the kernels as plain Python. A file may be refused with a
SpecimenError of known cause; whatever else comes out of meshes.read, or is wrong with what it returns, is a finding.
What is read is also posed and drawn.

The first byte of an input says how its file ends (below) and, if its fifth bit is set, that it is packed with gzip.
What follows MTL_MARK in it becomes m.mtl beside the file, and what follows PICTURE_MARK in that becomes the texture
t.png, whatever format it has.
"""

import argparse
import gzip
import io
import json
import os
import pickle
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np

ENDINGS = ("ply", "obj", "stl", "off")
PACKED = 16
MTL_MARK, PICTURE_MARK = b"\n%%mtl\n", b"\n%%picture\n"
TEXTURED = "comment TextureFile t.png\n"
LONGEST = 3000
SIZE = 16
"""Pixels, width and height of a view that is drawn."""
HANG = 10
"""Seconds that an input may take."""
MEMORY = 1 << 30
MOST_HANGS = 3
BATCH = 500
"""Inputs of a forked child, and after how many the bounds on memory are set again."""
TRIES = 2000
"""Shorter inputs that are tried for every finding at the end."""

DICTIONARY = """
ply format ascii binary_little_endian binary_big_endian 1.0 comment TextureFile t.png obj_info element vertex face edge
tristrips property list char uchar short ushort int uint int64 uint64 float double half x y z nx ny nz red green blue
diffuse_red r g b s t u v texture_u texture_v texcoord vertex_indices vertex_index end_header
vt vn vp f fo usemtl mtllib m.mtl surf curv newmtl Kd map_Kd -bm //1 1/1/1 1/1 -1
solid facet normal outer loop endloop endfacet endsolid
OFF COFF NOFF CNOFF STOFF 4OFF nOFF ST4OFF BINARY
0 -0 1 2 3 255 256 65536 2147483647 2147483648 4294967295 -2147483648 9223372036854775807 18446744073709551616
0.5 .5 1e308 -1e308 1e200 1e155 1e-160 1e-310 5e-324 1e999 nan inf -inf 1.#QNAN -nan(ind) 1d5 12345678901234567890
"""
KEYWORDS = [word.encode() for word in DICTIONARY.split()]
BYTES = [
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\x1f\x8b",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\r\n",
    MTL_MARK,
    PICTURE_MARK,
]


class Hang(BaseException):
    """An input took too long; not an Exception, so that the reader does not catch it."""


def ply(form, vertices, faces, more="", properties="float x y z", face="list uchar int vertex_indices", name="face"):
    """A PLY of rows of numbers; binary ones hold float32 vertices and polygons of uint8 and int32."""
    kind, *columns = properties.split()
    head = [f"ply\nformat {form} 1.0\n{more}element vertex {len(vertices)}"]
    head += [f"property {column if ' ' in column else f'{kind} {column}'}" for column in columns]
    head += [f"element {name} {len(faces)}\nproperty {face}\nend_header\n"]
    data = "\n".join(head).encode()
    if form == "ascii":
        rows = [" ".join(map(str, row)) for row in vertices] + [" ".join(map(str, (len(r), *r))) for r in faces]
        return data + "\n".join(rows).encode() + b"\n"
    order = "<" if "little" in form else ">"
    data += b"".join(struct.pack(f"{order}{len(row)}f", *row) for row in vertices)
    return data + b"".join(struct.pack(f"{order}B{len(row)}i", len(row), *row) for row in faces)


def seeds():
    """Small files of every format and variant, each with the ending that it has by right."""
    corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)]
    tetrahedron = [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]
    mixed = [(0, 2, 1), (0, 1, 4, 2), (0, 1, 3, 2, 4)]
    strip = [(0, 1, 2, 3, -1, 1, 2, 4)]
    found = []
    for form in ("ascii", "binary_little_endian", "binary_big_endian"):
        found += [
            ("ply", ply(form, corners, tetrahedron)),
            ("ply", ply(form, corners, mixed)),
            ("ply", ply(form, corners, [])),
            ("ply", ply(form, corners, strip, name="tristrips")),
            ("ply", ply(form, [(*c, *c, 0.5, 0.2, 1) for c in corners], [], properties="float x y z nx ny nz r g b")),
            ("ply", ply(form, [(*c, *c[:2]) for c in corners], mixed, TEXTURED, "float x y z s t")),
            ("ply", ply(form, [(*c, 9, 8, 7) for c in corners], tetrahedron, properties="float x y z red green blue")),
        ]
    obj = "".join(f"v {x} {y} {z}\n" for x, y, z in corners)
    facets = "".join(
        "facet normal 0 0 0\nouter loop\n"
        + "".join("vertex {} {} {}\n".format(*corners[i]) for i in f)
        + "endloop\nendfacet\n"
        for f in tetrahedron
    )
    binary = b"".join(struct.pack("<12fH", 0, 0, 0, *(x for i in f for x in corners[i]), 0) for f in tetrahedron)
    rows = "".join(f"{x} {y} {z}\n" for x, y, z in corners)
    lists = "".join(f"{len(f)} {' '.join(map(str, f))}\n" for f in mixed)
    texts = [
        ("ply", "ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\nproperty double z\n"
                "element face 1\nproperty list uchar uint vertex_index\nproperty list uchar float texcoord\n"
                "comment TextureFile t.png\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2 6 0 0 1 0 0 1\n"),
        ("obj", obj + "f 1 3 2\nf 1 2 4\nf -4 -3 -2\nf 1 2 5 3 # quad\n"),
        ("obj", obj + "f 1//1 3//1 2//1\nf 1/1/1 2/2/2 \\\n 4/3/3\n"),
        ("obj", "".join(f"v {x} {y} {z} 0.5 1 0\n" for x, y, z in corners) + "# cloud\r\n"),
        ("obj", "# Vertices: 5\n# Faces: 1\nmtllib m.mtl\n" + obj + "vt 0 0\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\n"
                "usemtl b\nf 1/1 2/2 4/3\n" + MTL_MARK.decode()
                + "newmtl a\nKd 0.5 0.1 1\nnewmtl b\nmap_Kd -bm 1 t.png\n"),
        ("obj", "vp 0 0\nsurf 0 1 0 1\nend\n"),
        ("stl", "solid x\n" + facets + "endsolid x\n"),
        ("stl", "solid a\n# note\n" + facets.upper() + "endsolid a\nsolid b\nendsolid b\n"),
        ("off", f"OFF\n5 3 0\n{rows}{lists}"),
        ("off", f"# note\n5 3 0 # counts\n{rows}{lists}"),
        ("off", "COFF 3 1 0\n0 0 0 255 0 0 255\n1 0 0 0 0 0 255\n0 1 0 9 9 9 255\n3 0 1 2 0.5 0.5 0.5\n"),
        ("off", "CNOFF\n1 0 0\n0 0 0 0 0 1 0.1 0.2 0.3\n"),
        ("off", "4OFF\n3 1 0\n0 0 0 1\n1 0 0 2\n0 1 0 0.5\n3 0 1 2\n"),
        ("off", "STOFF\n3 1 0\n0 0 0 1 1\n1 0 0 2 1\n0 1 0 0.5 1\n3 0 1 2\n"),
    ]  # fmt: skip
    found += [(ending, text.encode()) for ending, text in texts]
    found += [("stl", bytes(80) + struct.pack("<I", count) + binary) for count in (4, 3, 0)]
    found += [(ending, text.encode("utf-16")) for ending, text in texts[1:2] + texts[6:7]]
    found += [("off", gzip.compress(texts[8][1].encode(), mtime=0))]
    textured = next(text for _, text in texts if "mtllib" in text).encode()
    found += [("obj", textured + PICTURE_MARK + picture) for picture in pictures()]
    plain = [bytes([ENDINGS.index(ending)]) + data for ending, data in found]
    return plain + [bytes([PACKED | seed[0]]) + seed[1:] for seed in plain[::4]]


def pictures():
    """Small pictures of every format that is read, and of modes and compressions that differ in how they are read."""
    from PIL import Image

    image = Image.new("RGB", (5, 4), (200, 100, 50))
    image.putpixel((1, 1), (0, 0, 255))
    for name, mode, options in (
        ("PNG", "RGB", {}), ("PNG", "P", {}), ("PNG", "1", {}), ("PNG", "RGBA", {}), ("JPEG", "RGB", {}),
        ("JPEG", "CMYK", {"progressive": True}), ("TIFF", "RGB", {}), ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "jpeg"}), ("TIFF", "1", {"compression": "group4"}), ("BMP", "RGB", {}),
        ("BMP", "P", {}), ("TGA", "RGB", {"compression": "tga_rle"}), ("TGA", "L", {}), ("GIF", "P", {}),
        ("GIF", "P", {"save_all": True, "append_images": [image.convert("P")]}), ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {"lossless": True}),
    ):  # fmt: skip
        content = io.BytesIO()
        image.convert(mode).save(content, name, **options)
        yield content.getvalue()


def others(folders):
    """Small files of folders, as seeds."""
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    named = [(path.suffix.lower()[1:], path) for path in paths if path.stat().st_size < LONGEST]
    return [bytes([ENDINGS.index(ending)]) + path.read_bytes() for ending, path in named if ending in ENDINGS]


class Run:
    """Tries inputs and keeps the shortest of every finding."""

    def __init__(self, folder):
        from fossilvit import meshes
        from fossilvit.errors import SpecimenError
        from fossilvit.meshes.formats import pictures as reader
        from fossilvit.views import studio

        self.meshes, self.refusal, self.folder, self.reader = meshes, SpecimenError, Path(folder), reader
        self.picture = next(pictures())
        settings = studio.Settings(views=4, framing="zoom", size=SIZE, appearance="color")
        self.shoot = ExitStack().enter_context(studio.opened(settings))
        self.tried = self.read = self.refused = self.hangs = 0
        self.findings = {}

    def finding(self, data):
        """What goes wrong with an input, as (kind, what); None where all is well."""
        first, (content, *library) = data[:1] or b"\0", data[1:].split(MTL_MARK, 1)
        path = self.folder / f"fuzz.{ENDINGS[first[0] % 4]}"
        path.write_bytes(gzip.compress(content, 1, mtime=0) if first[0] & PACKED else content)
        library, *picture = library[0].split(PICTURE_MARK, 1) if library else [b"newmtl a\nmap_Kd t.png\n"]
        (self.folder / "m.mtl").write_bytes(library)
        (self.folder / "t.png").write_bytes(picture[0] if picture else self.picture)
        self.reader.MOST_KEPT = 1 << 26 if len(data) % 2 else 12  # of every second input the picture is reduced
        self.tried += 1
        try:
            mesh = self.meshes.read(path)
        except self.refusal as error:
            self.refused += 1
            return _told(error.__cause__) if error.__cause__ else None
        except (Exception, Hang) as error:
            return _told(error)
        self.read += 1
        try:
            _require_sound(self.meshes, mesh)
            _require_drawn(self.shoot(mesh))
        except (Exception, Hang) as error:
            return _told(error)

    def note(self, data, found):
        if found and (found[0] not in self.findings or len(data) < len(self.findings[found[0]][1])):
            if found[0] not in self.findings:
                print(f"found: {found[0]}: {found[1]}\n       {data!r}", flush=True)
            self.findings[found[0]] = found[1], data

    def shorten(self):
        """Cut out of every finding what it does not need."""
        for kind, (what, data) in list(self.findings.items()):
            size, tries = len(data) // 2, 0
            while size and tries < TRIES and "Hang" not in kind and "signal" not in kind:
                at = 1
                while at < len(data) and tries < TRIES:
                    shorter, tries = data[:at] + data[at + size :], tries + 1
                    if (found := self.finding(shorter)) and found[0] == kind:
                        what, data = found[1], shorter
                    else:
                        at += size
                size //= 2
            self.findings[kind] = what, data

    def report(self):
        print(f"\n{self.tried} inputs: {self.read} read, {self.refused} refused, {len(self.findings)} findings")
        self.shorten()
        for kind, (what, data) in self.findings.items():
            print(f"- {kind}: {what}\n  {data!r}", flush=True)


def _told(error):
    """An error as (its type and the last place of ours that it went through, what it says)."""
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if "fossilvit" in frame.filename]
    place = f"{Path(places[-1].filename).name}:{places[-1].lineno} {places[-1].name}" if places else "result"
    said = " ".join(str(error).split())[:200]
    return (f"AssertionError {said}" if isinstance(error, AssertionError) else f"{type(error).__name__} {place}"), said


def _require_sound(meshes, mesh):
    """Refuse a mesh that is not what its docstrings promise."""
    points, faces = mesh.vertices, mesh.faces
    assert points.dtype == np.float64 and points.ndim == 2 and points.shape[1] == 3 and len(points), "vertices: shape"
    assert np.isfinite(points).all(), "vertices: finite"
    assert faces.dtype == np.int32 and faces.ndim == 2 and faces.shape[1] == 3, "faces: shape"
    assert mesh.normals.shape == points.shape and mesh.normals.dtype == np.float32, "normals: shape"
    assert np.isfinite(mesh.normals).all(), "normals: finite"
    lengths = np.linalg.norm(mesh.normals.astype(np.float64), axis=1)
    assert (np.abs(lengths[lengths > 0] - 1) < 1e-4).all(), "normals: of length 1 or 0"
    if len(faces):
        assert faces.min() >= 0 and faces.max() < len(points), "faces: in range"
        assert not (faces == np.roll(faces, 1, axis=1)).any(), "faces: three different corners"
        assert len(np.unique(np.sort(faces, axis=1), axis=0)) == len(faces), "faces: each once"
        assert len(np.unique(faces)) == len(points), "vertices: all used"
        assert len(np.unique(points, axis=0)) == len(points), "vertices: each once"
    if mesh.colors is not None:
        assert mesh.colors.shape == points.shape and mesh.colors.dtype == np.uint8, "colors: shape"
    if mesh.texture is not None:
        uv, images, image = mesh.texture
        assert uv.shape == (len(faces), 3, 2) and uv.dtype == np.float32, "texture: uv shape"
        assert not np.isinf(uv).any(), "texture: uv finite or NaN"
        assert image.shape == (len(faces),) and image.min() >= -1 and image.max() < len(images), "texture: image"
        assert all(i.ndim == 3 and i.shape[2] == 3 and i.dtype == np.uint8 for i in images), "texture: images"
    assert all(isinstance(note, str) for note in mesh.notes), "notes: text"
    facts = meshes.facts(mesh)
    try:
        json.dumps(facts, allow_nan=False)
    except ValueError:
        numbers = {key: fact for key, fact in facts.items() if isinstance(fact, float)}
        raise AssertionError(f"facts: no number: {[key for key in numbers if not np.isfinite(numbers[key])]}") from None
    assert not facts["volume"] or facts["volume"] > -1e-9 * max(facts["area"], 1e-300) ** 1.5, "facts: volume below 0"


def _require_drawn(shot):
    """Refuse views that are not what their docstrings promise."""
    center, rotation, radius = shot.pose
    assert np.isfinite([*center, *rotation.ravel(), radius]).all() and radius > 0, "pose: finite"
    assert np.allclose(rotation @ rotation.T, np.eye(3)) and np.linalg.det(rotation) > 0, "pose: rotation"
    for image in shot.images:
        assert image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8, "views: shape"
        background = image == 255
        assert (background.all(axis=2) == background.any(axis=2)).all(), "views: background"


def guided(run, inputs, deadline, folder):
    """Mutate inputs toward code that was not reached yet; does not return."""
    import atheris

    def alarm(*_):
        raise Hang(f"more than {HANG} s")

    def one(data):
        if run.tried % BATCH == 0:  # libFuzzer itself takes about 1 kB an input
            _limit_memory()
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
        try:
            found = run.finding(data)
        except Hang as error:
            found = _told(error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        run.note(data, found)
        run.hangs += bool(found) and found[0].startswith("Hang")
        if time.monotonic() > deadline or run.hangs == MOST_HANGS:
            run.report()
            sys.stdout.flush()
            shutil.rmtree(folder)
            os._exit(bool(run.findings))

    signal.signal(signal.SIGVTALRM, alarm)
    corpus, words = Path(folder) / "corpus", Path(folder) / "words"
    corpus.mkdir()
    for i, data in enumerate(inputs):
        (corpus / f"{i:04}").write_bytes(data)
    escaped = ["".join(f"\\x{byte:02x}" for byte in word) for word in KEYWORDS + BYTES]
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    limits = [f"-max_len={LONGEST}", f"-timeout={3 * HANG}", "-rss_limit_mb=0", "-len_control=0"]
    atheris.Setup([sys.argv[0], str(corpus), f"-dict={words}", f"-artifact_prefix={folder}/", "-seed=1", *limits], one)
    atheris.Fuzz()


def _limit_memory():
    """Let no input take more than MEMORY beyond what is in use."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))


def as_python():
    """Let the kernels see bytes, whose items are Python's integers; those of numpy would overflow, unlike compiled."""
    from fossilvit.meshes.formats import obj, off, ply, stl, text

    def over_bytes(kernel):
        return lambda data, *rest: kernel(bytes(data), *rest)

    for module, names in (
        (ply, ["_walk"]),
        (obj, ["_read_lines"]),
        (stl, ["_read_facets"]),
        (text, ["_read_rows"]),
        (off, ["after_line", "after_space", "integer"]),
    ):
        for name in names:
            setattr(module, name, over_bytes(getattr(module, name)))


def mutated(inputs, chance):
    """An input with a few random changes."""
    data = bytearray(chance.choice(inputs))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        at, to = sorted(chance.choices(range(len(data) + 1), k=2))
        match chance.randrange(7):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[min(at, len(data) - 1)] = chance.randrange(256)
            case 2:
                del data[max(at, 1) :]
            case 3:
                del data[at : min(to, at + 40)]
            case 4:
                other = chance.choice(inputs)
                data[at:] = other[chance.randrange(len(other)) :]
            case 5:
                data[at:at] = b" " + chance.choice(KEYWORDS + BYTES) + chance.choice((b" ", b"\n", b""))
            case 6:
                words = bytes(data).split(b" ")
                words[chance.randrange(len(words))] = chance.choice(KEYWORDS)
                data = bytearray(b" ".join(words))
    return bytes(data[:LONGEST])


def blind(run, inputs, deadline):
    """Try inputs with random changes in forked children."""
    for data in inputs:
        run.note(data, run.finding(data))  # compiles the kernels
    batch = 0
    while time.monotonic() < deadline and run.hangs < MOST_HANGS:
        batch += 1
        last, result = run.folder / "last", run.folder / "result"
        child = os.fork()
        if not child:
            _child(run, inputs, random.Random(batch), last, result)
        _, status = os.waitpid(child, 0)
        if status == 0:
            run.tried, run.read, run.refused, findings = pickle.loads(result.read_bytes())
            for kind, (what, data) in findings.items():
                run.note(data, (kind, what))
        else:
            run.hangs += os.WTERMSIG(status) == signal.SIGALRM
            run.note(last.read_bytes(), (f"signal {os.WTERMSIG(status)}", f"child ended with status {status}"))
    run.report()


def _child(run, inputs, chance, last, result):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit_memory()
    run.findings = {}
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the parent tells
    os.dup2(sys.stdout.fileno(), 2)  # libtiff tells there what is wrong with a picture
    for _ in range(BATCH):
        data = mutated(inputs, chance)
        last.write_bytes(data)
        signal.alarm(HANG)
        run.note(data, run.finding(data))
    signal.alarm(0)
    result.write_bytes(pickle.dumps((run.tried, run.read, run.refused, run.findings)))
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--corpus", action="append", default=[], help="a folder of small meshes to begin with as well")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--checked", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    deadline = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        inputs = seeds() + others(options.corpus)
        os.environ["NUMBA_CACHE_DIR"] = folder
        if options.compiled or options.checked:
            os.environ["NUMBA_BOUNDSCHECK"] = str(int(options.checked))
            return blind(Run(folder), inputs, deadline)
        os.environ["NUMBA_DISABLE_JIT"] = "1"
        import atheris
        import mapbox_earcut  # noqa: F401 - what is imported here is not instrumented
        import numba  # noqa: F401
        import scipy.spatial  # noqa: F401

        with atheris.instrument_imports(include=["fossilvit"]):
            from fossilvit.meshes.formats import obj, off, ply, stl  # noqa: F401
        run = Run(folder)
        as_python()
        guided(run, inputs, deadline, folder)


if __name__ == "__main__":
    sys.exit(main())
