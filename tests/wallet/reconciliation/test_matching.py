"""What becomes of the rows of a day, one sentence a table."""

from tests.wallet.reconciliation.accounts_of_a_day import THREE, bank, ledger, rail
from wallet.reconciliation import match


def test_a_day_of_payments_returns_a_duplicate_and_a_batch_comes_out_as_people_would_say() -> None:
    groups = match(
        THREE,
        [
            ledger("t1", -100, "i1"),
            ledger("t2", -100, "i2"),
            ledger("t3", -50, "i3"),
            ledger("t3b", 50, "i3", back=True),
            ledger("t4", -7, "i4"),
            ledger("t5", -8, "i5"),
        ],
        [
            rail("i1", -100, "P1"),
            rail("i2", -100, "P2"),
            rail("i3", -50, "P3"),
            rail("i3/back", 50, "P3", own="i3", back=True),
            rail("i4", -7, "P4", batch="B1"),
            rail("i5", -8, "P5", batch="B1"),
        ],
        [
            bank("b1", -100, "P1"),
            bank("b1x", -100, "P1"),
            bank("b2", -120, "P2"),
            bank("b3", -50, "P3"),
            bank("b3b", 50, "P3", back=True),
            bank("b4", -15, batch="B1", count=2),
        ],
    )

    assert {
        (" ".join(row.id for row in g.rows), f"{g.verdict} {g.rule} {g.broken} {g.difference_minor}") for g in groups
    } == {
        ("t1 i1 b1", "matched end_to_end None 0"),
        ("t3 i3 b3", "matched end_to_end None 0"),
        ("t3b i3/back b3b", "matched end_to_end None 0"),
        ("t4 t5 i4 i5 b4", "matched batch None 0"),
        ("t2 i2 b2", "differs end_to_end amount -20"),
        ("b1x", "only_theirs alone duplicate -100"),
    }
