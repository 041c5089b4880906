"""SKUs by the beginning of their name: by the index, as typed or in capitals, and so many."""

from pathlib import Path

from store.queries import sku_summary
from tests.store.world import stock, world


def test_the_first_skus_that_begin_with_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(AB=1, AC=2, B=3, ab=4))

        def found(text: str, limit: int = 10) -> list[str]:
            read = w.database.read(sku_summary.beginning, text, limit=limit)
            return [sku for sku, _ in read]

        assert found("A") == ["AB", "AC", "ab"]
        assert found("a", limit=2) == ["AB", "AC"]
        assert found("AC") == ["AC"]
        assert found("A%") == found("_") == []


def test_it_goes_by_an_index(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        seen: list[str] = []

        def explained(connection: object) -> None:
            class Explaining:
                def execute(self, sql: str, values: object) -> object:
                    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[attr-defined]
                    seen.extend(row[3] for row in plan)
                    return connection.execute(sql, values)  # type: ignore[attr-defined]

            sku_summary.beginning(Explaining(), "A", limit=5)  # type: ignore[arg-type]

        w.database.read(explained)
        assert seen
        assert all("SEARCH items USING INDEX" in step for step in seen), seen
