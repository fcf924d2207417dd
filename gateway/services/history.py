"""What happened to each thing of a service: rows that are only added, numbered from 1 for each thing."""

from datetime import datetime

from sqlalchemy import Connection, Table, func, insert, select


class History:
    """Rows of one table; its columns are the thing's id, `seq`, what happened, `staff_id`, `note` and `at`.

    Args:
        table: Where they stand.
        owner: Column of the thing's id.
        what: Column of what happened.
    """

    def __init__(self, table: Table, owner: str, what: str = "what") -> None:
        self._table = table
        self._owner = owner
        self._what = what

    def add(
        self, tx: Connection, id_: str, what: str, staff_id: str, note: str, at: datetime, *, once: bool = False
    ) -> None:
        """Write the next row, with `once` unless one says that already; the caller holds the thing's own row.

        `staff_id` is '' where nobody of the staff did it.
        """
        columns = self._table.c
        said = {self._owner: id_, self._what: what, "staff_id": staff_id, "note": note}
        same = select(columns.seq).where(*(columns[name] == value for name, value in said.items()))
        if once and tx.execute(same).first() is not None:
            return
        last = tx.execute(select(func.max(columns.seq)).where(columns[self._owner] == id_)).scalar()
        tx.execute(insert(self._table).values(**said, seq=(last or 0) + 1, at=at))
