"""What people use to compare files: pandas, Polars, DuckDB, each as a program of its own.

Run: python -m tests.benchmarks.peers.rounds LIBRARY AUTHORITY.csv CHANNEL.csv…

Reads the files, compares what each channel shows with the authority, SKU by SKU, writes the list of
what differs as CSV, and says how many there are on the last line. It reads no column that it does
not need. None keeps anything: a second round costs what the first does.
"""

import importlib.util
import sys
from collections.abc import Callable

LIBRARIES = {"pandas": "pandas", "Polars": "polars", "DuckDB": "duckdb"}


def is_installed(library: str) -> bool:
    return importlib.util.find_spec(LIBRARIES[library]) is not None


def with_pandas(authority: str, channels: list[str]) -> int:
    import pandas as pd

    def read(path: str) -> pd.DataFrame:
        return pd.read_csv(
            path, usecols=["sku", "available"], dtype={"sku": "str", "available": "int64"}
        )

    targets, count = read(authority), 0
    for path in channels:
        both = targets.merge(read(path), on="sku", how="outer", suffixes=("_target", "_shown"))
        differing = both[both["available_target"] != both["available_shown"]]
        differing.to_csv(sys.stdout, index=False)
        count += len(differing)
    return count


def with_polars(authority: str, channels: list[str]) -> int:
    import polars as pl

    def read(path: str) -> pl.LazyFrame:
        return pl.scan_csv(path).select("sku", "available")

    targets = read(authority)
    plans = [
        targets.join(read(path), on="sku", how="full", suffix="_shown").filter(
            pl.col("available").ne_missing(pl.col("available_shown"))
        )
        for path in channels
    ]
    found = pl.collect_all(plans, engine="streaming")
    for differing in found:
        sys.stdout.write(differing.write_csv())
    return sum(differing.height for differing in found)


def with_duckdb(authority: str, channels: list[str]) -> int:
    import duckdb

    connection, count = duckdb.connect(), 0
    read = "SELECT sku, available FROM read_csv(?)"
    connection.execute(f"CREATE TABLE targets AS {read}", [authority])
    for path in channels:
        rows = connection.execute(
            f"""SELECT coalesce(t.sku, s.sku), t.available, s.available
            FROM targets t FULL JOIN ({read}) s ON s.sku = t.sku
            WHERE t.available IS DISTINCT FROM s.available""",
            [path],
        ).fetchall()
        sys.stdout.writelines(f"{sku},{target},{shown}\n" for sku, target, shown in rows)
        count += len(rows)
    return count


WAYS: dict[str, Callable[[str, list[str]], int]] = {
    "pandas": with_pandas,
    "Polars": with_polars,
    "DuckDB": with_duckdb,
}


if __name__ == "__main__":
    print(WAYS[sys.argv[1]](sys.argv[2], sys.argv[3:]))
