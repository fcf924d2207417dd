"""The chart of accounts is data that cannot contradict itself."""

import pytest

from wallet.accounts import AccountKind, Chart, Constraint, NormalSide
from wallet.money import EUR, IRR

CHART = Chart.load()
SIDES = {
    AccountKind.ASSET: {NormalSide.DEBIT},
    AccountKind.EXPENSE: {NormalSide.DEBIT},
    AccountKind.OFF_BALANCE: {NormalSide.DEBIT, NormalSide.CREDIT},
}


@pytest.mark.parametrize("name", CHART.roles)
def test_a_role_grows_on_the_side_of_its_kind_and_is_never_bound_to_the_other(name: str) -> None:
    line = CHART.roles[name]

    assert line.normal in SIDES.get(line.kind, {NormalSide.CREDIT})
    wrong = {
        NormalSide.CREDIT: Constraint.CREDITS_WITHIN_DEBITS, NormalSide.DEBIT: Constraint.DEBITS_WITHIN_CREDITS
    }  # fmt: skip
    assert line.constraint is not wrong[line.normal]


def test_what_people_and_merchants_own_can_never_be_overdrawn() -> None:
    bound = {name for name, role in CHART.roles.items() if role.constraint is Constraint.DEBITS_WITHIN_CREDITS}

    assert bound == {
        "wallet",
        "merchant_clearing",
        "merchant_payable",
        "provider_payable",
        "claim_codes",
        "rail_payable",
        "budget",
        "guarantee",
    }


def test_what_lies_with_a_rail_is_never_below_nothing() -> None:
    bound = {name for name, role in CHART.roles.items() if role.constraint is Constraint.CREDITS_WITHIN_DEBITS}

    assert bound == {"rail_float"}


def test_there_is_an_account_of_every_kind() -> None:
    assert {role.kind for role in CHART.roles.values()} == set(AccountKind)


def test_every_account_has_an_id_and_a_code_of_its_own() -> None:
    accounts = [
        CHART.account(role.name, owner if role.owned else "", asset)
        for role in CHART.roles.values()
        for owner in ("per_1", "per_2")
        for asset in (IRR, EUR)
    ]

    assert len({account.id for account in accounts}) == len({account.code for account in accounts})
    assert CHART.account("wallet", "per_1").code == "liability:wallet:per_1:IRR"


@pytest.mark.parametrize(("role", "owner"), [("wallet", ""), ("trust_bank", "per_1")])
def test_a_role_asks_for_an_owner_or_takes_none(role: str, owner: str) -> None:
    with pytest.raises(AssertionError):
        CHART.account(role, owner)
