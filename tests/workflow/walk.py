"""A random walk through the changes that a collection and its settings can meet between two runs.

Every step makes one to four changes, some of them runs that are killed at a chosen file, then runs the workflow, and
compares everything in `data` and `results` with what a run from scratch makes of the same scans and settings.
"""

import copy
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import trimesh
import yaml

from fossilvit.provenance import leftovers
from fossilvit.scans import inventory, specimens
from fossilvit.store import digests, files, layout, png
from tests.conftest import REPOSITORY, heed_interrupts
from tests.workflow.conftest import Run, products, timeless

PATIENCE = 120
MESHES = ["round/a.stl", "round/b.stl", "round/c 標本.ply", "square/d.obj", "square/e.off", "square/broken.ply"]
ENCODER = """
class Means:
    name, dimension, version = "means", 12, {number}

    def encode(self, images):
        return images.reshape(len(images), 12, -1).mean(axis=2) + {number}


def create(options):
    return Means()
"""
CHOICES = {
    "render.views": [2, 3],
    "render.appearance": ["color", "gray", "depth"],
    "render.elevation": [20, -10],
    "render.align": ["principal", "none"],
    "render.mirror": ["keep", "ignore"],
    "render.strays": ["leave_out", "keep"],
    "render.picture": ["pose", "file"],
    "render.size": [32, 40],
    "extract.model": ["hog", "custom:mine.py:create"],
    "extract.token": ["cls", "patch_mean"],
    "extract.precision": ["auto", "fp32"],
    "pool": ["mean", "max"],
    "collection.whiten": ["none", "views"],
    "cluster.pca": [64, 2],
    "cluster.clusters": ["auto", 2],
    "cluster.method": ["upgma", "hdbscan", "kmeans", "agglomerative"],
    "search.topk": [10, 2],
    "search.metric": ["cosine", "euclidean"],
    "search.queries": [[], ["round/a"], ["a", "square/d"]],
    "shards": [2, 3, "auto"],
    "keep_renders": [True, False],
    "meshes": ["data/meshes", "scans"],
    "prefer": [["ply", "stl", "obj", "off"], ["off", "stl", "ply", "obj"]],
    "seed": [0, 7],
    "byte_order_mark": [True, False],
    "atlas": ["single", "folder", "none"],
}
SHEETS = [
    {"specimens": None, "category": "folder", "restrict": None},
    {"specimens": "sheet.csv", "category": "folder", "restrict": None},
    {"specimens": "sheet.csv", "category": "kind", "restrict": None},
    {"specimens": "sheet.csv", "category": "family/kind", "restrict": "part"},
]
"""Settings of the sheet that go together."""
BROKEN = 60
"""Most bytes of a scan that has been cut off."""
OFTEN = {"setting": 6, "stop": 6, "replace": 3, "encoder": 3}
"""How many times as often as the others a change is made."""
VERSIONS = ("RENDERING", "HOG", "CUSTOM", "POOLING", "GATHERING", "WHITENING")
VERSIONS += ("LISTING", "DUPLICATES", "CLUSTERING", "NEIGHBORS", "EVALUATION", "FIGURES")
VERSIONS += ("SHEET", "SUSPECTS", "PARQUET", "EXHIBITS", "CHUNKS", "MAPPING", "ATLAS")
RULES = ("render_views", "gather_records", "extract_features", "pool_embedding", "gather_shard", "collect_embeddings")
STOPS = [
    *(f"(Rule: {rule})" for rule in RULES),
    *("data/renders/**/*_view00.png", "data/renders/**/views.txt", "data/renders/**/render.json"),
    *("data/features/**/*.npy", "data/features/**/*.json", "data/embeddings/*/*.npy", "data/embeddings/*/*.json"),
    *("data/shards/*.json", "data/shards/*.npz", "data/encoder.json"),
    *("data/embeddings/embeddings.npy", "data/embeddings/ids.txt", "data/embeddings/embeddings.json"),
    *("results/clusters.csv", "results/knn.csv", "results/clusters.json", "results/figures/*.png"),
    *("results/cluster_history.csv", "results/cluster_summary.csv", "results/tree.nwk"),
    *("data/exhibits/**/*.txt", "data/exhibits/**/*.json", "results/map.csv", "results/atlas/index.html"),
    *("results/atlas/chunks/*.js", "results/atlas/chunks/*.json"),
    *("results/sheet.csv", "results/categories.csv", "results/suspects.csv", "results/embeddings.parquet"),
]
"""Jobs noted as done, and files written, after which a run is killed: every gap between two stages and within one."""


class Walk:
    """A collection, its settings, and the copy of the repository that it is run with.

    Parameters
    ----------
    folder : path
    seed : int
    """

    def __init__(self, folder, seed):
        self.folder, self.work, self.repository = folder, folder / "work", folder / "repository"
        self.random = random.Random(seed)
        self.story = []
        self.touched = set()
        """IDs whose files were damaged, or at work on when a run was killed: more of them may run again than has to."""
        for part in ("workflow", "scripts", "config", "envs", "profiles", "tests"):
            ignored = shutil.ignore_patterns("node_modules")
            shutil.copytree(REPOSITORY / part, self.repository / part, ignore=ignored)
        shutil.copy(REPOSITORY / "Snakefile", self.repository)
        self.settings = copy.deepcopy(DEFAULTS)
        self.meshes.mkdir(parents=True)
        for name in MESHES:
            self.write_mesh(self.meshes / name)
        (self.meshes / "square/d.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
        paint(self.meshes / "square/skin.png", 200)
        (self.meshes / "square/broken.ply").write_text("ply\nformat ascii 1.0\nelement vertex 9\n")
        self.write_encoder()
        self.write_sheet()
        self.settings["extract"]["model"] = self.random.choice(CHOICES["extract.model"])
        self.scratch, self.made = None, {}

    @property
    def meshes(self):
        return self.work / self.settings["meshes"]

    def specimens(self):
        """The specimens by ID."""
        return inventory.take(self.meshes, self.settings["prefer"]).specimens

    # A step

    def step(self):
        """Make some changes, run, and compare; the jobs that ran."""
        self.story.append([])
        changes = [name for name in dir(self) if name.startswith("change_")]
        weights = [OFTEN.get(name.removeprefix("change_"), 1) for name in changes]
        for name in self.random.choices(changes, weights, k=self.random.randint(1, 4)):
            detail = getattr(self, name)()
            if detail is not None:
                self.story[-1].append(f"{name.removeprefix('change_')} {detail}".strip())
        former = {path: path.read_bytes() for path in (self.work / name for name in FORMER) if path.exists()}
        run = self.run()
        assert run.code == 0, f"{self.history()}\n{run.output}"
        self.compare(former)
        self.check_jobs(run)
        return run

    def history(self):
        """What has happened so far, one line per step."""
        return "\n".join(f"{number}: " + "; ".join(changes) for number, changes in enumerate(self.story))

    def compare(self, former):
        """See that everything is as a run from scratch makes it, and nothing else is there but what nobody owns.

        The run from scratch follows the former clusters, which were there before the run.
        """
        fresh = products(self.from_scratch(former))
        here = {path.relative_to(self.work).as_posix() for path in products_of(self.work)}
        missing = sorted(fresh.keys() - here)
        assert not missing, f"{self.history()}\nmissing: {missing}"
        different = sorted(path for path in fresh if fresh[path] != timeless(self.work / path))
        assert not different, f"{self.history()}\ndifferent: {different}"
        folders = (self.work / name for name in ("data", "logs", "results"))
        left = leftovers.find(self.specimens(), self.settings["shards"], *folders)
        owned = here - fresh.keys() - {path.relative_to(self.work).as_posix() for path in left}
        if not self.settings["keep_renders"]:  # those of earlier runs stay
            owned = {path for path in owned if "_view" not in path and not path.endswith("views.txt")}
        unknown = sorted(path for path in owned if not path.startswith(NOBODYS))
        assert not unknown, f"{self.history()}\nunknown: {unknown}"

    def check_jobs(self, run):
        """See that no specimen was rendered or described without a reason."""
        wanted = {identity: self.inputs(specimen) for identity, specimen in self.specimens().items()}
        for rule, part in (("render_views", 0), ("extract_features", 1)):
            again = part if self.settings["keep_renders"] else 1  # without views they are rendered for the encoder
            changed = {one for one in wanted if self.made.get(one, (None, None))[again] != wanted[one][again]}
            needless = run.of(rule) - changed - self.touched
            assert not needless, f"{self.history()}\n{rule} ran needlessly for {sorted(needless)}"
        self.made, self.touched = wanted, set()

    def inputs(self, specimen):
        """What the views and the features of a specimen depend on."""
        mesh = Path(self.work, specimen.path)
        around = {path.name: digests.of_file(path) for path in mesh.parent.iterdir() if path.suffix in (".png", ".mtl")}
        around = around if mesh.suffix == ".obj" else {}
        versions = (self.repository / "scripts/fossilvit/versions.py").read_text()
        view = (mesh.name, digests.of_file(mesh), around, self.settings["render"], re.findall("RENDERING.*", versions))
        custom = self.settings["extract"]["model"] != "hog"
        raised = re.findall("CUSTOM.*" if custom else "HOG.*", versions)
        encoder = (
            self.settings["extract"] if custom else "hog",
            raised,
            (self.work / "mine.py").read_text() if custom else "",
        )
        # without views, what the atlas shows of a specimen needs them again too
        kept = self.settings["keep_renders"]
        exhibit = "" if kept else (self.settings["atlas"] == "none", re.findall("EXHIBITS.*", versions))
        return repr(view), repr((view, encoder, exhibit))

    # Runs

    def command(self, *arguments):
        """The command of a user, in the folder of the collection."""
        files.write_json(self.work / "settings.json", self.settings)
        words = [sys.executable, "-m", "snakemake", "--snakefile", self.repository / "Snakefile", "--cores", 2]
        return [*map(str, words), "--configfile", "settings.json", *arguments]

    def run(self, *arguments):
        """Run the workflow to its end."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.work, capture_output=True, encoding="utf-8", timeout=600
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def from_scratch(self, former):
        """A folder in which the same scans and former clusters went through every stage, with the same settings."""
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self.meshes, fresh / self.settings["meshes"])
        for name in ("mine.py", "sheet.csv"):
            shutil.copy(self.work / name, fresh)
        (fresh / "results").mkdir()
        for path, content in former.items():
            (fresh / path.relative_to(self.work)).write_bytes(content)
        if self.scratch is None:
            command = [sys.executable, "-m", "tests.workflow.scratch"]
            self.log = open(self.folder / "scratch.log", "w")  # noqa: SIM115
            paths = os.pathsep.join([str(self.repository), str(self.repository / "scripts")])
            place = {"cwd": self.repository, "env": {**os.environ, "PYTHONPATH": paths}}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log}
            self.scratch = subprocess.Popen(command, text=True, **place, **pipes)
        found = inventory.take(fresh / self.settings["meshes"], self.settings["prefer"]).specimens
        shards = specimens.members(found, self.settings["shards"])
        asked = {
            "folder": str(fresh),
            "settings": self.settings,
            "shards": {shard: [str(layout.encode(one)) for one in members] for shard, members in shards.items()},
            "queries": specimens.queries(self.settings["search"]["queries"], found),
        }
        print(json.dumps(asked), file=self.scratch.stdin, flush=True)
        code = self.scratch.stdout.readline().strip()
        assert code == "0", f"{self.history()}\n" + Path(self.log.name).read_text()
        return fresh

    def close(self):
        """End the process that makes runs from scratch."""
        if self.scratch is not None:
            self.scratch.stdin.close()
            self.scratch.wait()
            self.scratch = None
            self.log.close()

    # Scans

    def write_mesh(self, path, seed=None):
        """A small mesh, a different one for every seed; an STL is as long as any other and dated as any other."""
        seed = self.random.randrange(10**6) if seed is None else seed
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".obj":
            return write_textured(path, seed)
        shape = trimesh.creation.icosphere(1) if path.parent.name == "round" else trimesh.creation.box()
        shape.apply_scale(np.random.default_rng(seed).uniform(0.5, 2, 3))
        shape.export(path)
        if path.suffix == ".stl":
            os.utime(path, (1_600_000_000, 1_600_000_000))

    def scans(self, suffix=""):
        """The files of scans, in order."""
        found = self.specimens()
        return [Path(specimen.path) for specimen in found.values() if specimen.path.endswith(suffix)]

    def any_scan(self, suffix=""):
        return self.random.choice(self.scans(suffix))

    def asked_for(self):
        """The IDs that queries name, which must not go away."""
        found = self.specimens()
        return set(specimens.queries(["round/a", "a", "square/d"], found).values())

    def removable(self):
        """Scans that may be removed, renamed or cut off: enough sound ones are left, and queries find theirs."""
        asked, found = self.asked_for(), self.specimens()
        left = [Path(one.path) for identity, one in found.items() if identity not in asked]
        return left if sum(path.stat().st_size > BROKEN for path in left) > 3 else []

    def change_add(self):
        path = self.meshes / self.random.choice(["round", "square"]) / f"new {self.random.randrange(10**6)}.ply"
        self.write_mesh(path)
        return path.name

    def change_remove(self):
        if paths := self.removable():
            path = self.random.choice(paths)
            path.unlink()
            return path.name

    def change_replace(self):
        path = self.any_scan()
        status = path.stat()
        self.write_mesh(path)
        if self.random.random() < 0.5:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return path.name

    def change_rename(self):
        if paths := self.removable():
            path = self.random.choice(paths)
            there = path.with_name(f"renamed {self.random.randrange(10**6)}{path.suffix}")
            path.rename(there)
            return f"{path.name} to {there.name}"

    def change_swap(self):
        """Two scans swap their names; those of STL are of equal size and date."""
        suffix = self.random.choice([".stl", ".ply"])
        if len(self.scans(suffix)) > 1:
            one, other = self.random.sample(self.scans(suffix), 2)
            if min(one.stat().st_size, other.stat().st_size) <= BROKEN:
                return None
            spare = self.work / "spare"
            one.rename(spare), other.rename(one), spare.rename(other)
            return f"{one.name} and {other.name}"

    def change_break(self):
        if paths := self.removable():
            path = self.random.choice(paths)
            path.write_bytes(path.read_bytes()[: self.random.choice([0, 40])])
            return path.name

    def change_mend(self):
        broken = [path for path in self.scans() if path.stat().st_size <= BROKEN]
        if broken:
            self.write_mesh(broken[0])
            return broken[0].name

    def change_duplicate(self):
        path = self.any_scan()
        there = path.with_name(f"copy {self.random.randrange(10**6)}{path.suffix}")
        shutil.copy2(path, there)
        return there.name

    def change_twin(self):
        """A scan gets a file of another format beside it, of which one is preferred; or loses it."""
        if not self.scans(".ply"):
            return None
        path = self.any_scan(".ply")
        twin = path.with_suffix(".off")
        if twin.exists():
            twin.unlink()
            return f"{twin.name} removed"
        self.write_mesh(twin)
        return twin.name

    def change_stranger(self):
        """Something that is no scan, or a scan of a name that cannot be taken, comes or goes."""
        path = self.meshes / self.random.choice(
            ["notes.zip", "round/.hidden.ply", "square/tab\there.ply", "round/x.glb"]
        )
        if path.exists():
            path.unlink()
            return f"{path.name!r} removed"
        path.write_bytes(self.random.randbytes(20))
        return repr(path.name)

    def change_texture(self):
        """A texture is brought, repainted or removed."""
        picture = self.meshes / "square/skin.png"
        if picture.exists() and self.random.random() < 0.4:
            picture.unlink()
            return "removed"
        paint(picture, self.random.randrange(250))
        return "painted"

    def change_library(self):
        """The library of materials is brought, changed or removed."""
        library = self.meshes / "square/d.mtl"
        if library.exists() and self.random.random() < 0.3:
            library.unlink()
            return "removed"
        texture = self.random.choice(["", "map_Kd skin.png\n"])
        library.write_text(f"newmtl skin\nKd {self.random.random():.3f} 0.5 0.5\n{texture}")
        return "written"

    def change_dates(self):
        """Dates are set into the future or put back."""
        paths = [path for folder in ("data", "results") for path in (self.work / folder).rglob("*")]
        date = time.time() + self.random.choice([86400, 10 * 365 * 86400, -86400, -(10**9)])
        chosen = paths if self.random.random() < 0.3 else self.random.sample(paths, min(3, len(paths)))
        for path in chosen:
            os.utime(path, (date, date))
        return f"of {len(chosen)} files"

    # Settings and code

    def change_setting(self):
        name = self.random.choice(list(CHOICES))
        group, _, key = name.rpartition(".")
        place = self.settings[group] if group else self.settings
        scans = self.meshes
        place[key] = self.random.choice([value for value in CHOICES[name] if value != place[key]])
        scans.rename(self.meshes)
        if name in ("keep_renders", "meshes"):  # views are lost with the one, reasons of failures change with the other
            self.touched = set(self.specimens())
        if self.settings["collection"]["whiten"] == "views":
            self.settings["pool"] = "mean"
        return f"{name} {place[key]}"

    def change_encoder(self):
        self.write_encoder()
        return ""

    def write_encoder(self):
        (self.work / "mine.py").write_text(ENCODER.format(number=self.random.randrange(100)))

    def change_sheet(self):
        self.write_sheet()
        return ""

    def change_sheet_settings(self):
        chosen = self.random.choice(SHEETS)
        self.settings |= chosen
        return str(chosen)

    def write_sheet(self):
        """The sheet has most scans, and one that is not there. Some show one of two objects, and some have no kind."""
        lines = [
            ",".join([one, *(self.random.choice(values) for values in ("AB ", "xy", "kl ", "pq"))])
            for one in [*self.specimens(), "gone"]
            if self.random.random() < 0.8 or one == "round/a"
        ]
        lines = ["specimen_id,object,family,kind,part", *lines, ""]
        (self.work / "sheet.csv").write_text("\n".join(lines), encoding="utf-8")

    def change_version(self):
        stage = self.random.choice(VERSIONS)
        file = self.repository / "scripts/fossilvit/versions.py"
        before = re.search(rf"(?m)^{stage} = (\d+)$", text := file.read_text())
        file.write_text(text.replace(before[0], f"{stage} = {int(before[1]) + 1}"))
        self.close()
        return stage

    # What was made

    def any_product(self, *endings):
        """A file that a run has made, and the ID that it belongs to noted as touched."""
        paths = sorted(path for path in products_of(self.work) if not endings or path.name.endswith(endings))
        if paths:
            path = self.random.choice(paths)
            self.touch(path)
            return path

    def touch(self, path):
        within = path.relative_to(self.work).as_posix()
        ids = self.specimens()
        self.touched |= {identity for identity in ids if f"/{identity}/" in within or f"/{identity}." in within}

    def change_delete(self):
        if path := self.any_product():
            path.unlink()
            return path.relative_to(self.work)

    def change_delete_folder(self):
        folders = [path for folder in ("data", "results") for path in (self.work / folder).rglob("*") if path.is_dir()]
        folders = [path for path in folders if not path.is_relative_to(self.meshes)]
        if folders:
            folder = self.random.choice(sorted(folders))
            for path in products_of(self.work):
                if path.is_relative_to(folder):
                    self.touch(path)
            shutil.rmtree(folder)
            return folder.relative_to(self.work)

    def change_empty(self):
        if path := self.any_product():
            path.write_bytes(b"")
            return path.relative_to(self.work)

    def change_damage(self):
        """Other bytes in an array or a table, of the same length and date."""
        if (path := self.any_product(".npy", "s.csv", "n.csv", "knn.csv")) and path.name not in UNRECORDED:
            content, status = bytearray(path.read_bytes()), path.stat()
            if content:
                content[self.random.randrange(len(content))] ^= 1
                path.write_bytes(content)
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                return path.relative_to(self.work)

    def change_exchange(self):
        """The features or embeddings of two specimens swap their names."""
        folder = self.work / "data" / self.random.choice(["features", "embeddings"])
        paths = sorted(path for path in folder.glob("*/*.npy"))
        if len(paths) > 1:
            one, other = self.random.sample(paths, 2)
            self.touch(one), self.touch(other)
            spare = self.work / "spare"
            one.rename(spare), other.rename(one), spare.rename(other)
            return f"{one.relative_to(self.work)} and {other.relative_to(self.work)}"

    def change_clean(self):
        """What `make clean` deletes, or what remembers digests."""
        gone = self.random.choice([[".snakemake", "logs"], [".fossilvit"], [".snakemake"]])
        for name in gone:
            shutil.rmtree(self.work / name, ignore_errors=True)
        return " ".join(gone)

    # Runs that are killed

    def change_stop(self):
        """Something changes, and the run after is killed as soon as a file of a chosen kind has been written."""
        change = self.random.choice([self.change_replace, self.change_setting, self.change_encoder])
        how = self.random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT])
        return f"{change.__name__.removeprefix('change_')} {change()}, {self.stop(self.random.choice(STOPS), how)}"

    def change_meanwhile(self):
        """A scan is replaced or added while a run goes on, which may fail for it."""
        pattern, done = self.random.choice(STOPS), []
        change = self.random.choice([self.change_replace, self.change_add, self.change_texture, self.change_swap])
        self.during_a_run(pattern, lambda process: done.append(change()))
        return f"{change.__name__.removeprefix('change_')} {done} after {pattern}"

    def stop(self, pattern, how):
        def end(process):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)

        self.during_a_run(pattern, end)
        return f"{how.name} after {pattern}"

    def has_come(self, pattern, before, log):
        """Whether a run has noted a job of a rule as done, or written a file of a kind anew."""
        if pattern.startswith("(Rule"):
            return pattern in log.read_text(encoding="utf-8", errors="replace")
        return not states(self.work, pattern).items() <= before.items()

    def during_a_run(self, pattern, do):
        """Do something with the process of a run as soon as it has come to a place of STOPS, or at its end."""
        before = states(self.work, pattern)
        log = open(self.folder / "stopped.log", "w")  # noqa: SIM115
        streams = {"stdout": log, "stderr": log, "start_new_session": True, "preexec_fn": heed_interrupts}
        process = subprocess.Popen(self.command(), cwd=self.work, **streams)
        end = time.monotonic() + PATIENCE
        while process.poll() is None and not self.has_come(pattern, before, Path(log.name)):
            assert time.monotonic() < end, f"{self.history()}\nstuck before {pattern}"
            time.sleep(0.001)
        time.sleep(self.random.choice([0, 0, 0.1, 0.2, 0.4]))  # Snakemake notes that a job is done a moment later
        do(process)
        process.wait(PATIENCE)
        log.close()
        while any(at_work(self.work)):
            assert time.monotonic() < end, "a process goes on"
            time.sleep(0.02)
        shutil.rmtree(self.work / ".snakemake/locks", ignore_errors=True)  # as --unlock does
        self.touched = set(self.specimens())


DEFAULTS = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))
for _name, _values in CHOICES.items():
    _group, _, _key = _name.rpartition(".")
    (DEFAULTS[_group] if _group else DEFAULTS)[_key] = _values[0]
FORMER = ("results/clusters.csv", "results/cluster_history.csv", "results/map.csv")
"""The files that the IDs of clusters and the places on the map last from."""
NOBODYS = ("results/figures/.snakemake_timestamp",)
"""A file of Snakemake's own."""
UNRECORDED = ("specimens.csv",)
"""Holds seconds, so that no digest of it is the same in two runs."""


def products_of(work):
    """The files that a run has made."""
    found = (path for folder in ("data", "results") for path in (work / folder).rglob("*") if path.is_file())
    return [path for path in found if not path.is_relative_to(work / "data/meshes")]


def states(work, pattern):
    """What tells whether a file of a kind was written anew."""
    found = {}
    for path in work.glob(pattern):
        with suppress(FileNotFoundError):
            status = path.stat()
            found[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def at_work(work):
    """The processes of a run in a folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "warm_worker.py" in " ".join(process.cmdline()):
                places = [process.cwd(), *(file.path for file in process.open_files())]
                if any(place.startswith(str(work)) for place in places):
                    yield process


def write_textured(path, seed):
    """A tetrahedron in OBJ that names a library of materials, `d.mtl` beside it."""
    corners = np.random.default_rng(seed).uniform(0.2, 1, 3)
    lines = ["mtllib d.mtl", "v 0 0 0", *(f"v {x} {y} {z}" for x, y, z in np.diag(corners))]
    lines += ["vt 0 0", "vt 1 0", "vt 0 1", "usemtl skin"]
    lines += ["f 1/1 3/2 2/3", "f 1/1 2/2 4/3", "f 1/1 4/2 3/3", "f 2/1 3/2 4/3"]
    path.write_text("\n".join(lines) + "\n")


def paint(path, shade):
    """A picture of one color."""
    path.write_bytes(png.encode(np.full((4, 4, 3), (shade, 100, 50), np.uint8)))
