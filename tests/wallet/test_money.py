"""Amounts print with their asset's decimals and never mix assets."""

import pytest

from wallet.money import EUR, IRR, Asset, Money


@pytest.mark.parametrize(
    ("minor", "asset", "text"),
    [(0, IRR, "0 IRR"), (-5, EUR, "-0.05 EUR"), (1250, EUR, "12.50 EUR"), (1_000_000, IRR, "1000000 IRR")],
)
def test_an_amount_prints_with_the_decimals_of_its_asset(minor: int, asset: Asset, text: str) -> None:
    assert str(Money(minor, asset)) == text


def test_amounts_of_two_assets_do_not_add() -> None:
    with pytest.raises(AssertionError):
        _ = Money(1, IRR) + Money(1, EUR)


async def test_a_fresh_postgresql_answers(postgres_url: str) -> None:
    assert postgres_url.startswith("postgresql://")
