import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from fossilvit.encoders.registry import Options
from fossilvit.encoders.vision import engines, openvino_engine, torch_engine
from fossilvit.encoders.vision.pixels import FromPixels
from fossilvit.encoders.vision.vit import VisionTransformer
from fossilvit.errors import UserError
from fossilvit.running import devices
from tests.unit.golden_tokens import PLAIN

pytestmark = pytest.mark.slow

SIZE = 56


@pytest.fixture(scope="module")
def network(seeded):
    """A tiny vision transformer of pixels, with class and patch tokens."""
    inner = VisionTransformer(PLAIN._replace(dimension=32)).eval()
    seeded(inner)
    return FromPixels(inner, inner).eval()


@pytest.fixture(scope="module")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.xml"
    openvino_engine.convert(network, SIZE, path)
    return path


def views(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def cosine(a, b):
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def native(engine):
    """The precisions that this machine computes in."""
    found = {"fp32"}
    for precision in ("bf16", "fp16"):
        try:
            engine(precision)
            found.add(precision)
        except UserError:
            pass
    return found


def test_both_engines_give_the_same_in_fp32(network, model):
    wanted = torch_engine.Torch(network, "cpu", "fp32", 1)(views(3))
    found = openvino_engine.OpenVino(model, "fp32", 1)(views(3))
    assert [part.shape for part in found] == [part.shape for part in wanted] == [(3, 32), (3, 16, 32)]
    for mine, other in zip(found, wanted, strict=True):
        assert mine.dtype == other.dtype == np.float32 and np.abs(mine - other).max() < 1e-5


def test_lower_precisions_differ_little(network, model, seeded):
    exact = openvino_engine.OpenVino(model, "fp32", 1)(views(3))[0]
    tried = 0
    for precision in native(lambda precision: openvino_engine.OpenVino(model, precision, 1)) - {"fp32"}:
        found = openvino_engine.OpenVino(model, precision, 1)(views(3))[0]
        assert np.abs(found - exact).max() > 0 and cosine(found, exact).min() > 0.999
        tried += 1
    for precision in native(lambda precision: torch_engine.chosen_precision(torch.device("cpu"), precision)) - {"fp32"}:
        fresh = VisionTransformer(PLAIN._replace(dimension=32)).eval()
        seeded(fresh)
        found = torch_engine.Torch(FromPixels(fresh, fresh), "cpu", precision, 1)(views(3))[0]
        assert np.abs(found - exact).max() > 0 and cosine(found, exact).min() > 0.999
        tried += 1
    if not tried:
        pytest.skip("this CPU computes in fp32 alone")


def test_auto_is_what_the_cpu_computes_in(model):
    able = native(lambda precision: openvino_engine.OpenVino(model, precision, 1))
    assert openvino_engine.OpenVino(model, "auto", 1).backend.precision == ("bf16" if "bf16" in able else "fp32")


def test_a_precision_that_the_cpu_lacks_is_told(model, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert torch_engine.chosen_precision(torch.device("cpu"), "auto") == "fp32"
    with pytest.raises(UserError, match="precision bf16: this CPU does not compute in it; take auto or fp32"):
        torch_engine.chosen_precision(torch.device("cpu"), "bf16")

    class Core:
        def get_property(self, *_):
            return ["FP32", "INT8"]

    assert openvino_engine.chosen_precision(Core(), "auto") == "fp32"
    with pytest.raises(UserError, match="precision bf16: this CPU does not compute in it; take auto or fp32"):
        openvino_engine.chosen_precision(Core(), "bf16")


def test_a_gpu_computes_in_fp16_unless_told_otherwise():
    gpu = torch.device("cuda")
    assert [torch_engine.chosen_precision(gpu, wanted) for wanted in ("auto", "bf16", "fp32")] == [
        "fp16",
        "bf16",
        "fp32",
    ]


def test_a_view_is_described_the_same_whatever_its_batch(model, monkeypatch):
    engine = openvino_engine.OpenVino(model, "fp32", 1)
    together = engine(views(5))[0]
    monkeypatch.setattr(openvino_engine, "BATCH", 2)
    assert np.allclose(engine(views(5))[0], together, atol=1e-5)
    assert np.allclose(engine(views(5)[3:4])[0][0], together[3], atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_the_number_of_threads_changes_nothing(model, precision):
    """Nor the number of streams that views are divided among, more than there are views included."""
    alone, *shared = (openvino_engine.OpenVino(model, precision, threads)(views(7)) for threads in (1, 2, 3, 5, 12))
    for outputs in shared:
        assert all(np.array_equal(mine, other) for mine, other in zip(outputs, alone, strict=True))


def test_a_gpu_short_of_memory_gets_half_as_many_views_from_then_on(network, caplog):
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    wanted, sizes = engine(views(16)), []
    run = engine.run

    def short(images):
        sizes.append(len(images))
        if len(images) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(images)

    engine.run = short
    found = engine(views(16))
    assert np.allclose(found[0], wanted[0], atol=1e-5)
    assert sizes == [16, 8, 4, 4, 4, 4]
    assert [record.getMessage() for record in caplog.records] == [
        f"This machine is short of memory: from now on {count} views at once." for count in (8, 4)
    ]
    engine(views(4))
    assert sizes[-1] == 4


class Pending:
    """An output on a GPU, which notes when it is waited for."""

    def __init__(self, output, events):
        self.output, self.events = output, events

    def cpu(self):
        self.events.append("waited")
        return self.output


def test_a_gpu_gets_every_batch_before_the_outputs_of_the_first_are_waited_for(network, monkeypatch):
    monkeypatch.setattr(torch_engine, "CPU_BATCH", 4)
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    run, events = engine.run, []

    def sent(images):
        events.append("sent")
        return [Pending(output, events) for output in run(images)]

    wanted = engine(views(10))
    engine.run = sent
    found = engine(views(10))
    assert events == ["sent"] * 3 + ["waited"] * 6
    assert all(np.array_equal(mine, other) for mine, other in zip(found, wanted, strict=True))


def test_a_gpu_short_of_memory_gives_up_earlier_outputs_before_it_tries_fewer_views(network, monkeypatch):
    monkeypatch.setattr(torch_engine, "CPU_BATCH", 4)
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    run, events = engine.run, []

    def full_at_the_second(images):
        events.append(len(images))
        if events.count(4) == 2 and "waited" not in events:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [Pending(output, events) for output in run(images)]

    wanted = engine(views(8))
    engine.run = full_at_the_second
    found = engine(views(8))
    assert events == [4, 4, "waited", "waited", 2, 2] + ["waited"] * 4
    assert all(np.allclose(mine, other, atol=1e-5) for mine, other in zip(found, wanted, strict=True))


@pytest.fixture
def waited(monkeypatch):
    """The seconds that an engine has waited for memory, which pass at once."""
    waits = []
    monkeypatch.setattr(torch_engine.time, "sleep", waits.append)
    return waits


SHORT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("std::bad_alloc"),
    MemoryError(),
]


@pytest.mark.parametrize("error", SHORT, ids=lambda error: f"{type(error).__name__}: {error}"[:50])
def test_every_kind_of_error_for_lack_of_memory_halves_the_batch(network, error):
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    run, sizes = engine.run, []

    def short(images):
        sizes.append(len(images))
        if len(images) > 2:
            raise error
        return run(images)

    engine.run = short
    assert len(engine(views(4))[0]) == 4 and sizes == [4, 2, 2]


def test_a_view_waits_for_memory_and_is_given_up_in_one_sentence(network, waited, caplog):
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    run, free = engine.run, [False, False, True]

    def short(images):
        if len(images) > 1 or not free.pop(0):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(images)

    engine.run = short
    assert len(engine(views(1))[0]) == 1 and waited == [5, 15]
    assert caplog.messages[-2:] == [
        f"This machine has no memory for a single view: waiting for {wait} seconds." for wait in waited
    ]
    free[:] = [False] * 4
    with pytest.raises(UserError, match="no memory for a single view; end what else uses it, or take a smaller model"):
        engine(views(1))


def test_an_engine_waits_for_memory_for_its_network(waited):
    class Large(torch.nn.Module):
        tries = 0

        def to(self, *_):
            self.tries += 1
            if self.tries < 3:
                raise RuntimeError("CUDA error: out of memory")
            return self

    network = Large()
    assert torch_engine.Torch(network, "cpu", "fp32", 1).network is network and waited == [5, 15]
    network.tries = -9
    with pytest.raises(UserError, match="no memory for the network"):
        torch_engine.Torch(network, "cpu", "fp32", 1)


def test_any_other_error_is_no_lack_of_memory(network, waited):
    engine = torch_engine.Torch(network, "cpu", "fp32", 1)
    for error in (RuntimeError("CUDA error: an illegal memory access was encountered"), ValueError("x")):

        def broken(images, error=error):
            raise error

        engine.run = broken
        with pytest.raises(type(error), match=str(error)):
            engine(views(4))
    assert not waited


def test_fp32_is_fp32_whatever_was_set_before(network):
    """TF32 keeps 10 of 23 bits. Torch takes it for convolutions on GPUs unless it is told not to."""
    parts = (
        *(torch.backends.cuda.matmul, torch.backends.cudnn.conv),
        *(torch.backends.mkldnn.matmul, torch.backends.mkldnn.conv),
    )
    usual = [part.fp32_precision for part in parts]
    torch.backends.cuda.matmul.fp32_precision = torch.backends.cudnn.conv.fp32_precision = "tf32"
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        torch_engine.Torch(network, "cpu", "fp32", 1)
        assert [part.fp32_precision for part in parts] == ["ieee"] * 4
    finally:
        for part, precision in zip(parts, usual, strict=True):
            part.fp32_precision = precision


def test_an_engine_says_what_it_computes_with(network, model):
    assert torch_engine.Torch(network, "cpu", "fp32", 1).backend == ("torch", "cpu", "fp32")
    assert openvino_engine.OpenVino(model, "fp32", 1).backend == ("openvino", "cpu", "fp32")


def test_a_converted_network_without_a_folder_of_ones_own_is_told(network, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"cannot be written to {tmp_path}/file .*TORCH_HOME"):
        openvino_engine.convert(network, SIZE, tmp_path / "file" / "tiny.xml")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_converted_network_without_room_is_told_and_leaves_nothing(network, tmp_path, suffix):
    (tmp_path / f".writing-tiny{suffix}").symlink_to("/dev/full")
    with pytest.raises(UserError, match=f"cannot be written to {tmp_path} .*make room there.*TORCH_HOME"):
        openvino_engine.convert(network, SIZE, tmp_path / "tiny.xml")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_damaged_model_is_told(model, tmp_path, suffix):
    for file in (model, model.with_suffix(".bin")):
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.suffix == suffix else content)
    with pytest.raises(UserError, match="tiny.xml is damaged; delete it and its .bin, and run again"):
        openvino_engine.OpenVino(tmp_path / model.name, "fp32", 1)


def test_a_converted_network_is_not_converted_again(model, tmp_path):
    engines.convert(None, model, Options())


@pytest.mark.parametrize(
    ("options", "there", "wanted"),
    [
        ({}, (), True),
        ({}, ("0",), False),
        ({"device": "cpu"}, ("0",), True),
        ({"device": "cuda"}, ("0",), False),
        ({"engine": "torch"}, (), False),
        ({"engine": "openvino"}, ("0",), True),
        ({"source": "hub"}, (), False),
    ],
)
def test_openvino_runs_on_cpus_and_torch_on_gpus(monkeypatch, options, there, wanted):
    monkeypatch.setattr(devices, "gpus", lambda: there)
    assert engines.on_openvino(Options(**options)) is wanted


@pytest.mark.parametrize("options", [{"source": "hub"}, {"device": "cuda"}])
def test_openvino_where_it_cannot_run_is_refused(options):
    with pytest.raises(UserError, match="take engine auto or torch|take device cpu"):
        engines.on_openvino(Options(engine="openvino", **options))


SILENT = """
import socket, sys
def refuse(*arguments):
    print("REPORTED"); raise OSError
socket.socket.connect = socket.getaddrinfo = refuse
from fossilvit.encoders.vision import openvino_engine
import openvino.tools.ovc
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry") and sys.modules[name]))
"""


def test_openvino_reports_to_nobody(tmp_path):
    """Its telemetry would be sent at import, and leave a file at home."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("CI", None)
    done = subprocess.run(
        [sys.executable, "-c", SILENT], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.splitlines() == ["[]"] and os.listdir(tmp_path) == []
