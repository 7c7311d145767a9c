"""What the programs in ``data_scripts/`` share: how they end, and how a set is prepared."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

from mmtlib.cli import show
from mmtlib.cli.options import read_settings
from mmtlib.config import ExperimentConfig
from mmtlib.config.checks import check_taken
from mmtlib.core.cache import cache_dir
from mmtlib.core.clip_store import ClipStore
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.modalities import check_modalities
from mmtlib.datasets import GestureDataset
from mmtlib.datasets.archives import BY_HAND, is_packed, unpack
from mmtlib.datasets.verify import VerifyReport, load_clips, save_clips, verify
from mmtlib.experiment import open_data


def run_script(work: Callable[[], int]) -> None:
    """Run a program's work and end with its exit code; bad input is one sentence and code 2."""
    name = Path(sys.argv[0]).stem
    try:
        sys.exit(work())
    except MmtlibError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)


def prepare_data_set(kind: type[GestureDataset], description: str) -> int:
    """Bring a data set from what was downloaded to clip stores; return the exit code.

    Unpacks archives, looks at every clip and writes a manifest, then makes a clip store of every
    split. Each step goes on where it was when it is started again. Nothing is downloaded.

    Args:
        kind: the data set.
        description: for ``--help``.

    Raises:
        MmtlibError: if a setting is wrong or clips are missing or broken (see `run_script`).
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="the data set's folder, or one with its archives")
    parser.add_argument("--into", type=Path, help="where to unpack; default: the same folder")
    parser.add_argument("--preset", default="benchmark", help="frames and size of the clips")
    parser.add_argument("--modalities", default="rgb,depth")
    parser.add_argument("--skip-broken", action="store_true", help="leave such clips out")
    parser.add_argument("--manifest", type=Path, help="CSV file; default: in the cache")
    parser.add_argument("--quick", action="store_true", help="do not decode clips to check them")
    parser.add_argument("--splits", default="train,validation,test")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="another setting of the data set, e.g. colour=raw, fold=3, flow_method=farneback",
    )  # fmt: skip
    given = parser.parse_args()
    settings = read_settings(given.settings)
    for name in settings:
        check_taken(kind.name, name)
    config = ExperimentConfig.make(
        dataset=kind.name,
        preset=given.preset,
        modalities=check_modalities(given.modalities),
        skip_broken=given.skip_broken,
        **settings,
    )
    root = _root_of(kind, given.folder, given.into or given.folder)
    config = config.replace(root=str(root))
    report = _checked(kind, config, given.quick, given.manifest)
    bad = int((report.clips["state"] != "complete").sum())
    if bad and not given.skip_broken:
        raise DataError(
            f"{bad:,} of {len(report.clips):,} clips in {root} are missing or broken (listed "
            f"above). Complete the data set ({kind.source}), or leave them out with --skip-broken."
        )
    for split in given.splits.split(","):
        with show.bar(split) as progress:
            data = open_data(config, split, progress=progress)
        where = f" in {data.clips.folder}" if isinstance(data.clips, ClipStore) else ""
        print(f"{split}: {len(data.clips):,} clips{where}")
        if data.note:
            print(f"  {data.note}")
    return 0


def _root_of(kind: type[GestureDataset], folder: Path, target: Path) -> Path:
    """Unpack the archives in a folder; return the data set's folder in the target."""
    archives = sorted(path for path in folder.glob("*") if is_packed(path))
    for archive in archives:
        if not archive.name.lower().endswith(BY_HAND):
            with show.bar(archive.name) as progress:
                written = unpack(archive, target, progress=progress)
            print(f"{archive.name}: {written:,} files written, the others were there")
    below = sorted(path for path in target.glob("*") if path.is_dir())
    reasons = []
    for root in (target, *below):
        try:
            kind.every_split(root, ("rgb",))
        except DataError as error:
            reasons.append(error)
        else:
            return root
    for archive in archives:
        unpack(archive, target)  # says which one is to be unpacked by hand
    raise DataError(f"{reasons[0]} {kind.__name__} is to be had {kind.source}.")


def _checked(
    kind: type[GestureDataset], config: ExperimentConfig, quick: bool, manifest: Path | None
) -> VerifyReport:
    """Look at every clip that the manifest does not call complete, and write the manifest."""
    root = Path(config.root or "")
    place = hashlib.blake2b(str(root.resolve()).encode(), digest_size=4).hexdigest()
    manifest = manifest or cache_dir("manifests") / f"{kind.name}-{place}.csv"
    known = load_clips(manifest) if manifest.exists() else None
    with show.bar("looking at clips") as progress:
        report = verify(
            kind.every_split(
                root,
                config.modalities,
                config.colour if kind.colours else None,
                flow=config.flow_method,
                flow_folder=config.flow_folder,
            ),
            quick=quick,
            known=known,
            save=lambda clips: save_clips(clips, manifest),
            progress=progress,
        )
    report.save(manifest)
    show.verify_report(report)
    print(f"manifest: {manifest}")
    return report
