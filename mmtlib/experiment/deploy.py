"""One network of a run as one ONNX file that is all it takes to use it, and the way back.

The file holds the network and, in its metadata under `KEY`, JSON that says how clips are prepared,
what the classes are called and which run it is from. Neither the run's folder nor a config is
needed afterwards, nor mmtlib itself: any ONNX runtime will do.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmtlib.core.errors import CheckpointError, ConfigError, MmtlibError
from mmtlib.core.files import DAMAGE, reading, shown_name
from mmtlib.core.kept import check_replaceable, write_kept
from mmtlib.core.provenance import code_version
from mmtlib.core.sealed import check_types
from mmtlib.core.seeding import torch_generator
from mmtlib.experiment.predict import Classifier, run_classifier
from mmtlib.experiment.preprocessing import Preprocessing
from mmtlib.experiment.runs import Run

KEY = "mmtlib"
"""The entry of the file's metadata."""
FORMAT = 1
"""Raised whenever older versions of mmtlib would misread the metadata."""
TOLERANCE = 1e-4
"""Largest difference of a logit between torch and ONNX Runtime, relative to the largest logit where
that is above 1."""
INPUT, OUTPUT = "clips", "logits"


class _Logits(nn.Module):
    """A network without its features, which only training needs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clips: Tensor) -> Tensor:
        """Return logits ``(N, K)`` of clips ``(N, C, T, H, W)``."""
        return self.network(clips).logits


def export_run(run: Run, modality: str | None = None, out: str | Path | None = None) -> Path:
    """Write one network of a run as an ONNX file, whole and only if it gives the run's logits.

    The input ``clips`` is float32 ``(N, C, T, H, W)`` with any N, prepared as the metadata says;
    the output ``logits`` is ``(N, K)``.

    Args:
        run: a finished run.
        modality: which network; default the only one.
        out: the file; default ``RUN-MODALITY.onnx`` in the current folder.

    Returns:
        The file.

    Raises:
        ConfigError: if the packages for it are not installed, or there are several modalities and
            none is named.
        CheckpointError: if the run's weights are missing or damaged.
        DataError: if the file cannot be written, or one of a user's is there.
        MmtlibError: if ONNX Runtime computes something else; no file is written then.
    """
    _need("onnx", "onnxscript", "onnxruntime")
    classifier = run_classifier(run, modality)
    modality, prepare = classifier.modality, classifier.preprocessing
    path = Path(out or f"{run.run_id}-{modality}.onnx")
    check_replaceable(path)
    network = _Logits(run.network(modality)).eval()
    description = {
        "format": FORMAT,
        **prepare.describe(),
        "classes": list(run.classes),
        "network": run.config.network,
        "run": run.identity,
        "code": code_version(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    content = _to_onnx(network, _random_clips(prepare, 2), description)
    _check(content, network, prepare, path)
    write_kept(path, content)
    return path


def load_exported(path: str | Path) -> Classifier:
    """Return the classifier in a file of `export_run`, run by ONNX Runtime on the CPU.

    Raises:
        ConfigError: if ONNX Runtime is not installed, or another version of mmtlib is needed.
        CheckpointError: if the file is missing, damaged or no such file.
    """
    _need("onnxruntime")
    path = Path(path)
    if not os.path.isfile(path):  # noqa: PTH113  # False, no error, for the longest names
        raise CheckpointError(f"There is no model {shown_name(path)}; `mmt export` writes one.")
    with reading(path, "export it again", CheckpointError):
        content = path.read_bytes()
    if content[-SEAL_BYTES:] != seal_of(content[:-SEAL_BYTES]):
        raise CheckpointError(
            f"{path} is damaged or no ONNX file of `mmt export` (no check sum at its end fits it); "
            "export it again."
        )
    # ONNX Runtime has no common class of errors. From memory: other files are not read.
    with reading(path, "export it again", CheckpointError, (Exception,)):
        session = _session(content)
    text = session.get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        raise CheckpointError(
            f"{path} is an ONNX file of something else: it does not say how clips are prepared; "
            "give a file that `mmt export` wrote."
        )
    try:
        description = json.loads(text)
        check_types(description, {"format": int, "classes": list[str]})
        if description["format"] != FORMAT:
            raise ConfigError(f"its format is {description['format']}, {FORMAT} was expected.")
        preprocessing = Preprocessing.from_description(description)
        classes = tuple(description["classes"])
        _check_ports(session, description)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except DAMAGE as error:
        raise CheckpointError(
            f"{path} is damaged: its metadata do not fit it ({error}); export it again."
        ) from None

    def forward(batch: Tensor) -> Tensor:
        return torch.from_numpy(session.run([OUTPUT], {INPUT: batch.numpy()})[0])

    return Classifier(
        source=str(path), classes=classes, preprocessing=preprocessing, forward=forward
    )


def _to_onnx(network: nn.Module, example: Tensor, description: dict[str, Any]) -> bytes:
    # The older exporter, by tracing, cannot express I3D's padding.
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={"clips": {0: torch.export.Dim("batch")}},
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # names of source files on this machine
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(description)
    content = model.SerializeToString()
    return content + seal_of(content)


def seal_of(content: bytes) -> bytes:
    """Return one more entry of the metadata, with a hash of a model, to be put at the file's end.

    Fields of a protocol buffer may stand in any order and are added up: the file stays plain ONNX.
    """
    key, value = b"mmtlib_sha256", hashlib.sha256(content).hexdigest().encode()
    entry = b"\x0a" + bytes([len(key)]) + key + b"\x12" + bytes([len(value)]) + value
    return b"\x72" + bytes([len(entry)]) + entry  # field 14, metadata_props, of a model


SEAL_BYTES = len(seal_of(b""))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter says of itself (a missing torchvision, its own old calls) back."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _check(content: bytes, network: nn.Module, prepare: Preprocessing, path: Path) -> None:
    """Compare with ONNX Runtime, also for a number of clips that the exporter has not seen."""
    session = _session(content)
    for clips in (1, 3):
        batch = _random_clips(prepare, clips)
        with torch.no_grad():
            wanted = network(batch)
        found = torch.from_numpy(session.run([OUTPUT], {INPUT: batch.numpy()})[0])
        worst = float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1.0))
        if not worst <= TOLERANCE:
            raise MmtlibError(
                f"{path} was not written: the logits of ONNX Runtime differ from those of torch by "
                f"{worst:.1e}, {TOLERANCE:.0e} is allowed; report it with the versions of both."
            )


def _random_clips(prepare: Preprocessing, clips: int) -> Tensor:
    shape = (clips, prepare.describe()["channels"], *prepare.shape)
    return torch.randn(shape, generator=torch_generator("export", clips))


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _check_ports(session: Any, description: dict[str, Any]) -> None:
    """Raise a `ValueError` where input and output are not those of the description."""
    inputs = {port.name: port.shape[1:] for port in session.get_inputs()}
    outputs = {port.name: port.shape[1:] for port in session.get_outputs()}
    shape = [description[name] for name in ("channels", "frames", "height", "width")]
    if inputs != {INPUT: shape} or outputs != {OUTPUT: [len(description["classes"])]}:
        raise ValueError(f"inputs {inputs}, outputs {outputs}")


def _need(*packages: str) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"This needs {', '.join(missing)}: install them with pip install 'mmtlib[export]'."
        )
