#!/usr/bin/env python
"""Write a Kinetics checkpoint of I3D as safetensors, by the names of `mmtlib.models.InceptionI3D`.

    python data_scripts/convert_i3d_checkpoint.py rgb_imagenet.pt rgb_imagenet.safetensors

The input is a state_dict in either public PyTorch key style (``Mixed_3b.b1a.bn.weight`` or
``mixed_3b.branch_1.0.batch3d.weight``). Nothing in it is run, and a target that is there stays as
it was unless everything went well. `mmt train --pretrained` takes both files alike.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from mmtlib.core.errors import CheckpointError, MmtlibError
from mmtlib.core.kept import OVERWRITE, check_replaceable, write_kept
from mmtlib.models import InceptionI3D, read_i3d_checkpoint, save_weights


def main() -> int:
    """Convert one file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="of torch.save, or safetensors")
    parser.add_argument("target", type=Path, help="the safetensors file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of your own too")
    given = parser.parse_args()
    OVERWRITE.set(given.overwrite)
    try:
        if given.target.suffix != ".safetensors":
            raise CheckpointError(f"{given.target}: a name that ends in .safetensors is expected.")
        check_replaceable(given.target)
        tensors, note = read_i3d_checkpoint(given.source)
        channels = tensors["Conv3d_1a_7x7.conv3d.weight"].shape[1]
        classes = len(tensors["logits.conv3d.bias"])
        model = InceptionI3D(channels, classes)
        model.load_state_dict(tensors)
        digest = hashlib.sha256(given.source.read_bytes()).hexdigest()
        metadata = {"source": given.source.name, "source_sha256": digest}
        with tempfile.TemporaryDirectory(prefix="mmtlib-") as folder:
            made = Path(folder) / "weights.safetensors"
            save_weights(model, made, metadata=metadata)
            write_kept(given.target, made.read_bytes())
    except MmtlibError as error:
        print(f"convert_i3d_checkpoint: {error}", file=sys.stderr)
        return 2
    print(f"{given.target}: {channels} channels, {classes} classes, from {given.source.name}")
    if note:
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
