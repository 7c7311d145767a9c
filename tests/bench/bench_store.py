"""How fast the results of many runs are read, against the bare Parquet file and one JSON per run.

    python tests/bench/bench_store.py [--runs 3334]

Prints medians of one process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.result_rows import made_up

import mmtlib
from mmtlib.results import ResultsStore


def median_ms(function: Callable[[], object], rounds: int = 7) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3334)
    runs = parser.parse_args().runs
    rows = pa.concat_tables([made_up(number)["results"] for number in range(runs)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ResultsStore(folder).append({"results": rows})
        ResultsStore(folder).compact()
        (part,) = (folder / "results").glob("*.parquet")
        files = folder / "json"
        files.mkdir()
        for number, row in enumerate(rows.to_pylist()):
            (files / f"{number}.json").write_text(json.dumps(row))

        def one_json_a_row() -> pd.DataFrame:
            return pd.DataFrame([json.loads(f.read_text()) for f in sorted(files.iterdir())])

        ours = median_ms(lambda: mmtlib.load_results("made-up", folder=folder))
        bare = median_ms(lambda: pq.read_table(part).to_pandas())
        plain = median_ms(one_json_a_row, rounds=3)
        print(
            f"{rows.num_rows:,} rows: load_results {ours:.0f} ms, the bare Parquet file {bare:.0f} "
            f"ms, one JSON file a row {plain:.0f} ms ({plain / ours:.1f} times)"
        )


if __name__ == "__main__":
    main()
