"""Which of our payments a line of the bank means, where its EndToEndId is damaged or stands in another field."""

from dataclasses import dataclass, field

from wallet.reconciliation.identity import directed, end_to_end_ids
from wallet.reconciliation.naming import Names, texts_of
from wallet.reconciliation.units import Unit
from wallet.reconciliation.wording import reference_of


@dataclass(eq=False)
class Meanings:
    """Of the units of one run; looked up once for each.

    Attributes:
        ids: EndToEndIds of all our rows.
        orders: Names of all our orders.
    """

    ids: Names
    orders: Names
    _clear: dict[Unit, set[str]] = field(default_factory=dict)
    _clear_keys: dict[Unit, set[str]] = field(default_factory=dict)
    _near: dict[Unit, set[str]] = field(default_factory=dict)
    _near_orders: dict[str, set[str]] = field(default_factory=dict)
    _named: dict[Unit, set[str]] = field(default_factory=dict)

    def named(self, booking: Unit) -> set[str]:
        """Orders that a line may book: by the field for it, or else by another."""
        if booking not in self._named:
            row = booking.rows[0]
            name = reference_of(row.batch)
            self._named[booking] = {name} if name else self.orders.within(texts_of(row))
        return self._named[booking]

    def near_orders(self, word: str) -> set[str]:
        """Orders that are one slip away from a name."""
        if word not in self._near_orders:
            self._near_orders[word] = self.orders.near(word)
        return self._near_orders[word]

    def clear(self, unit: Unit) -> set[str]:
        """The names that it bears, or that stand whole in another field, or that were cut at the end."""
        if unit not in self._clear:
            self._clear[unit] = self._read(unit)
        return self._clear[unit]

    def near(self, unit: Unit) -> set[str]:
        """The same; if there is none, those that are one slip away from what it bears."""
        if unit not in self._near:
            self._near[unit] = self.clear(unit) or {name for word in unit.names for name in self.ids.near(word)}
        return self._near[unit]

    def clear_keys(self, unit: Unit) -> set[str]:
        """What it means and which way the money goes, if it is clear; compares with `end_to_end_ids`."""
        if unit not in self._clear_keys:
            self._clear_keys[unit] = {directed(name, unit) for name in self.clear(unit)}
        return self._clear_keys[unit]

    def near_keys(self, unit: Unit) -> set[str]:
        """What it means and which way the money goes, if it can be one name alone."""
        near = self.near(unit)
        return {directed(name, unit) for name in near} if len(near) == 1 else set()

    def agree(self, ours: Unit, theirs: Unit) -> bool:
        """Whether theirs does not clearly mean another payment than ours."""
        meant = self.clear_keys(theirs)
        return not meant or not meant.isdisjoint(end_to_end_ids(ours))

    def _read(self, unit: Unit) -> set[str]:
        if known := self.ids.among(unit.names):
            return known
        if within := self.ids.within(text for row in unit.rows for text in texts_of(row)):
            return within if len(within) == 1 else set()
        cut = {name for word in unit.names for name in self.ids.cut(word)}
        return cut if len(cut) == 1 else set()
