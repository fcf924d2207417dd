"""What staff have decided: rows that are one group, and rows that rules must keep apart."""

from collections.abc import Iterable, Sequence

from wallet.reconciliation.rows import Decided, Row, Side
from wallet.reconciliation.units import Unit

Name = tuple[Side, str]


class Decisions:
    """Looked up by a row's side and id. A link wins over a bar: bars bind the rules, not staff.

    Attributes:
        ids: Of rows that any decision names, whatever their side.
    """

    def __init__(self, decided: Sequence[Decided]) -> None:
        self.ids = frozenset(id_ for one in decided for _, id_ in one.rows)
        self._bars: dict[Name, set[Name]] = {}
        self._leaders: dict[Name, Name] = {}
        for one in decided:
            names = sorted(one.rows)
            if one.together:
                for name in names:
                    self._leaders[self._leader(name)] = self._leader(names[0])
            else:
                for name in names:
                    self._bars.setdefault(name, set()).update(one.rows - {name})

    def concern(self, row: Row) -> bool:
        """Whether any decision names it."""
        name = (row.side, row.id)
        return name in self._leaders or name in self._bars

    def pinned(self, rows: Iterable[Row]) -> list[list[Row]]:
        """Those that staff have linked, two or more together; links that share a row are one."""
        found: dict[Name, list[Row]] = {}
        for row in rows:
            if (name := (row.side, row.id)) in self._leaders:
                found.setdefault(self._leader(name), []).append(row)
        return [together for together in found.values() if len(together) > 1]

    def bar(self, units: Iterable[Unit]) -> bool:
        """Whether any two rows of these units must be kept apart."""
        if not self._bars:
            return False
        names = {(row.side, row.id) for unit in units for row in unit.rows}
        return any(not names.isdisjoint(self._bars.get(name, ())) for name in names)

    def _leader(self, name: Name) -> Name:
        """The name that stands for all that are linked with this one."""
        leader = self._leaders.setdefault(name, name)
        while leader != self._leaders[leader]:
            self._leaders[leader] = leader = self._leaders[self._leaders[leader]]
        return leader
