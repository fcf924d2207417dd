"""The seal's bytes never change: fixed rows have these leaves, roots and hashes, and every field of a row counts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.accounts import Account, AccountKind, AccountState, Limits, NormalSide
from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Booked, Changed, Refused
from wallet.ledger.chain import GENESIS, Block, Leaves, booked_leaf, changed_leaf, merkle_root, refused_leaf, seal
from wallet.money import EUR, IRR, Money
from wallet.transfers import Balances, BalancesAfter, Balancing, Outcome, Transfer, TransferCode, TransferKind

AT = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
AFTER = BalancesAfter(Balances(1, 2, 3, 4, 5), Balances(6, 7, 8, 9, 10))


def _id(number: int) -> TransferId:
    return TransferId(UUID(int=number))


def _account(number: int) -> AccountId:
    return AccountId(UUID(int=number))


POST = Transfer(_id(1), _account(2), _account(3), Money(100, IRR), TransferCode.CASH_IN, "csh_1")
HOLD = replace(POST, id=_id(4), code=TransferCode.TAP, cause="tap_å", kind=TransferKind.HOLD, expires_at=AT)
CAPTURE = replace(
    POST, id=_id(5), kind=TransferKind.CAPTURE, hold_id=HOLD.id, effective_on=date(2026, 11, 1), linked=True
)
REVERSE = replace(POST, id=_id(6), kind=TransferKind.REVERSE, cites=POST.id)
BALANCED = replace(POST, id=_id(7), balancing=Balancing.DEBIT, asked_minor=500)
ABSURD = replace(POST, id=_id(8), amount=Money(2**100, EUR))
ODD = replace(POST, id=_id(9), balancing=Balancing.CREDIT, cites=POST.id, amount=Money(-1, IRR))
WALLET = Account(
    _account(2), "wallet", "per_1", IRR, AccountKind.LIABILITY, NormalSide.CREDIT, Limits(debit_excess_max=0)
)


def _booked(transfer: Transfer, position: int) -> Booked:
    return Booked(position, transfer, AT, AFTER, transfer.id, 0)


def _refused(transfer: Transfer) -> Refused:
    return Refused(transfer, Outcome.AMOUNT_INVALID, AT, transfer.id, 0)


CHANGED = Changed(WALLET, AccountState.FROZEN, Limits(5, None), "stf_1", AT)

LEAVES = [
    # Those of version 1, as commit ec44b77 made them.
    (booked_leaf, _booked(POST, 1), "482bd0305f52f8f9ebb2c732989115316a958f4c499ebe345568483e8ef4b9eb"),
    (booked_leaf, _booked(HOLD, 2), "c0ec8fd8b30d030d978d29efde9e032d03bc8ec4f1310be27a5a3068afd4e493"),
    (booked_leaf, _booked(CAPTURE, 2**40), "936a32c49a922ca642e77b57e6e65c8cec0015fa7e67c823975e6150ab0ee1de"),
    (refused_leaf, _refused(POST), "e3999466d8f801da26fc82d28cd6efcbe02fcbfff94b41dbe7805017304646bc"),
    (refused_leaf, _refused(ABSURD), "febbd8014dfcb0e8ef25c865d8d2644f1534da06b07c848daa9b9c940bba77fe"),
    # What version 1 could not say.
    (booked_leaf, _booked(REVERSE, 3), "5c9bbae80f0fcd96ffb48e740205d575112ac41014fe60ef21b6011f8faf19ef"),
    (booked_leaf, _booked(BALANCED, 4), "23c32e63674536591e804d1f29ff61f0cc0ddff90c3864750bdf4bc2d4a6f7ff"),
    (refused_leaf, _refused(ODD), "2cd606bfb79ded6c9501d98ba809623975d06991a27a8b1f662522b4ddb49d5c"),
    (changed_leaf, CHANGED, "fc694dc369cd83c14204b8096a546f3150b7676b9afc782fadcfef4c5f8732e5"),
]

_HASHES = [bytes.fromhex(leaf) for _, _, leaf in LEAVES]
BLOCKS = [
    # As commit ec44b77 made them.
    (seal(7, GENESIS, 1, AT, Leaves(_HASHES[:3], _HASHES[3:5])),
     "9eb5bc943581f9bc3b3423551fc891973b8d342f3df938c8d27e9319da6028b4",
     "d011504a83ed4829788b4a45f70c1966a461634caebb6dd60aebec39150cd737"),
    (seal(1, bytes(range(32)), 5, AT, Leaves([], _HASHES[3:4])),
     "e3999466d8f801da26fc82d28cd6efcbe02fcbfff94b41dbe7805017304646bc",
     "a064feae40568095206a499a66e9094056aef3fc0c727648463a50dc0bce861d"),
    # With changes, and by a clock that was behind.
    (seal(8, GENESIS, 1, AT, Leaves(_HASHES[5:7], _HASHES[7:8], _HASHES[8:])),
     "6e84a2d9f1ec44bed0c850ade7b7fe3604fdde0ffe332529ae1a4a96a98f5ad6",
     "30da912e74b14e52ab390de8fe156c73d9b1ee2474d751cfe795582a23e62a18"),
    (seal(9, GENESIS, 2**40, AT, Leaves(_HASHES[:1], []), 70_000_000),
     "482bd0305f52f8f9ebb2c732989115316a958f4c499ebe345568483e8ef4b9eb",
     "359c3bfb77b521491af7c6e610ff3a535616ac8d90d396db17631a0fe4f6f024"),
]  # fmt: skip

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Roots of RFC 6962 trees over the first one to eight of `INPUTS`, from Certificate Transparency's own tests."""
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")


@pytest.mark.parametrize(("leaf_of", "row", "leaf"), LEAVES)
def test_a_row_has_the_leaf_that_it_always_had(leaf_of: Callable[[object], bytes], row: object, leaf: str) -> None:
    assert leaf_of(row).hex() == leaf


@pytest.mark.parametrize(("block", "root", "hash_"), BLOCKS)
def test_a_block_has_the_root_and_the_hash_that_it_always_had(block: Block, root: str, hash_: str) -> None:
    assert (block.root.hex(), block.hash.hex()) == (root, hash_)


def test_the_tree_is_that_of_rfc_6962() -> None:
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(data)).digest() for data in INPUTS]

    assert [merkle_root(leaves[:count]).hex() for count in range(1, 9)] == ROOTS


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_the_root_is_the_recursive_one(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == _recursive(leaves)


def _recursive(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + _recursive(leaves[:half]) + _recursive(leaves[half:])).digest()


NIL = UUID(int=0)
OTHERS: dict[str, list[object]] = {
    "id": [_id(99), NIL],
    "debit": [_account(99)],
    "credit": [_account(99)],
    "amount": [Money(101, IRR), Money(100, EUR)],
    "code": [TransferCode.CORRECTION],
    "cause": ["csh_2", "csh_11", ""],
    "kind": [kind for kind in TransferKind if kind is not TransferKind.VOID],
    "hold_id": [_id(99), NIL, None],
    "expires_at": [AT + timedelta(microseconds=1), None],
    "effective_on": [date(2026, 11, 2), date.min, None],
    "linked": [True, False],
    "cites": [_id(99), NIL, None],
    "balancing": list(Balancing),
    "asked_minor": [0, 1, 501, None],
}
"""Other values of each field of a transfer, among them those that an encoding might take for another."""
BASES = [POST, replace(CAPTURE, kind=TransferKind.VOID), HOLD, REVERSE, BALANCED, replace(ODD, amount=Money(1, IRR))]


def _leaf_if_booked(transfer: Transfer) -> bytes:
    return booked_leaf(_booked(transfer, 1))


def _leaf_if_refused(transfer: Transfer) -> bytes:
    return refused_leaf(_refused(transfer))


def test_every_field_of_a_transfer_changes_its_leaf() -> None:
    assert list(OTHERS) == [field.name for field in fields(Transfer)]

    for base in BASES:
        others = [replace(base, **{name: value}) for name, values in OTHERS.items() for value in values]  # type: ignore[arg-type]
        distinct = list(dict.fromkeys([base, *others]))
        for leaf_of in (_leaf_if_booked, _leaf_if_refused):
            named = {leaf_of(transfer): transfer for transfer in distinct}
            assert len(named) == len(distinct)


def test_every_other_column_changes_a_leaf_too() -> None:
    booked, refused = _booked(POST, 1), _refused(POST)
    later, other = AT + timedelta(microseconds=1), _id(99)
    rows: list[Booked] = [
        booked,
        booked._replace(position=2),
        booked._replace(booked_at=later),
        booked._replace(entry_id=other),
        booked._replace(leg=1),
        *(
            booked._replace(after=AFTER._replace(**{side: getattr(AFTER, side)._replace(**{field: 99})}))
            for side in ("debit", "credit")
            for field in Balances._fields
        ),
    ]
    refusals = [
        refused,
        refused._replace(outcome=Outcome.SAME_ACCOUNT),
        refused._replace(refused_at=later),
        refused._replace(entry_id=other),
        refused._replace(leg=1),
    ]
    changes = [
        CHANGED,
        CHANGED._replace(state=AccountState.OPEN),
        CHANGED._replace(limits=Limits(None, 5)),
        CHANGED._replace(limits=Limits(5, 5)),
        CHANGED._replace(limits=Limits(0, None)),
        CHANGED._replace(cause="stf_2"),
        CHANGED._replace(changed_at=later),
        CHANGED._replace(account=replace(WALLET, id=_account(99))),
        CHANGED._replace(account=replace(WALLET, role="walletper", owner="_1")),
        CHANGED._replace(account=replace(WALLET, owner="per_2")),
        CHANGED._replace(account=replace(WALLET, asset=EUR)),
        CHANGED._replace(account=replace(WALLET, kind=AccountKind.ASSET)),
        CHANGED._replace(account=replace(WALLET, normal=NormalSide.DEBIT)),
    ]

    leaves = [*map(booked_leaf, rows), *map(refused_leaf, refusals), *map(changed_leaf, changes)]
    assert len(set(leaves)) == len(rows) + len(refusals) + len(changes)


def test_every_field_of_a_block_changes_its_hash() -> None:
    one, two = _HASHES[0], _HASHES[1]
    blocks = [
        seal(1, GENESIS, 1, AT, Leaves([one, two], [])),
        seal(2, GENESIS, 1, AT, Leaves([one, two], [])),
        seal(1, one, 1, AT, Leaves([one, two], [])),
        seal(1, GENESIS, 2, AT, Leaves([one, two], [])),
        seal(1, GENESIS, 1, AT + timedelta(microseconds=1), Leaves([one, two], [])),
        seal(1, GENESIS, 1, AT, Leaves([two, one], [])),
        seal(1, GENESIS, 1, AT, Leaves([one], [two])),
        seal(1, GENESIS, 1, AT, Leaves([one], [], [two])),
        seal(1, GENESIS, 1, AT, Leaves([], [one], [two])),
        seal(1, GENESIS, 1, AT, Leaves([], [one, two])),
        seal(1, GENESIS, 1, AT, Leaves([], [], [one, two])),
        seal(1, GENESIS, 1, AT, Leaves([one, two], []), 1),
        seal(1, GENESIS, 1, AT, Leaves([one, two], []), 2),
    ]

    assert len({block.hash for block in blocks}) == len(blocks)
