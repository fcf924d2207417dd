"""What merchants pay: a schedule that is data."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsFault
from gateway.services.clearing.fees import SHARE_OF, Rate, fee_back, read_schedule

TODAY = date(2026, 11, 27)
SHIPPED = [
    (0, 0),
    (1, 1),  # never above the amount
    (1_199, 1_199),
    (1_200, 1_200),
    (100_000, 1_200),  # the floor
    (6_004_999, 1_200),
    (6_005_000, 1_201),
    (200_000_000, 40_000),
    (10**12, 40_000),  # the cap
]


@pytest.mark.parametrize(("amount", "fee"), SHIPPED)
def test_the_shipped_schedule_takes_two_in_ten_thousand_within_floor_and_cap(amount: int, fee: int) -> None:
    assert read_schedule().fee(amount, TODAY, "5912") == fee


def test_no_fee_is_taken_before_the_first_schedule() -> None:
    assert read_schedule().fee(10**9, date(2023, 6, 21)) == 0
    assert read_schedule().fee(10**9, date(2023, 6, 22)) == 40_000


LAYERED = """
[[schedule]]
from = 2026-01-01
rate = [{share = 10, floor_minor = 0, cap_minor = 100}]
[[schedule]]
from = 2026-06-01
rate = [
  {share = 1, floor_minor = 0, cap_minor = 1000},
  {share = 2, floor_minor = 0, cap_minor = 1000, category = "5912"},
  {share = 3, floor_minor = 0, cap_minor = 1000, class = "club"},
  {share = 4, floor_minor = 0, cap_minor = 1000, category = "5912", class = "club"},
]
"""


@pytest.mark.parametrize(
    ("on", "category", "class_", "fee"),
    [
        (date(2026, 5, 31), "5912", "club", 100),
        (TODAY, "0000", "", 10),
        (TODAY, "5912", "", 20),
        (TODAY, "5411", "club", 30),
        (TODAY, "5912", "club", 40),
    ],
)
def test_the_rate_that_says_most_about_a_merchant_counts(
    tmp_path: Path, on: date, category: str, class_: str, fee: int
) -> None:
    file = tmp_path / "fees.toml"
    file.write_text(LAYERED)
    assert read_schedule(str(file)).fee(100_000, on, category, class_) == fee


RATE = "rate = [{share = 1, floor_minor = 0, cap_minor = 1}]\n"
BAD = {
    "nothing": "",
    "not TOML": "schedule = [",
    "another key": f"[[schedule]]\nfrom = 2026-01-01\n{RATE}\n[more]\n",
    "a time": f"[[schedule]]\nfrom = 2026-01-01T00:00:00Z\n{RATE}",
    "no rate": "[[schedule]]\nfrom = 2026-01-01\n",
    "no default": '[[schedule]]\nfrom = 2026-01-01\nrate = [{share=1,floor_minor=0,cap_minor=1,category="5912"}]\n',
    "a rate twice": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace(']', ', {share=2,floor_minor=0,cap_minor=1}]')}",
    "out of order": f"[[schedule]]\nfrom = 2026-01-02\n{RATE}[[schedule]]\nfrom = 2026-01-01\n{RATE}",
    "the same day": f"[[schedule]]\nfrom = 2026-01-01\n{RATE}[[schedule]]\nfrom = 2026-01-01\n{RATE}",
    "a share above all": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace('share = 1', 'share = 10001')}",
    "a negative": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace('share = 1', 'share = -1')}",
    "a fraction": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace('share = 1', 'share = 1.5')}",
    "a truth": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace('share = 1', 'share = true')}",
    "a floor above its cap": f"[[schedule]]\nfrom = 2026-01-01\n{RATE.replace('floor_minor = 0', 'floor_minor = 2')}",
    "a category of three": '[[schedule]]\nfrom = 2026-01-01\nrate = [{share=1,floor_minor=0,cap_minor=1},\
{share=1,floor_minor=0,cap_minor=1,category="591"}]\n',
    "too long": "#" * 100_001,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_schedule_that_says_something_else_is_refused_at_load(tmp_path: Path, content: str) -> None:
    file = tmp_path / "fees.toml"
    file.write_text(content)
    with pytest.raises(SettingsFault, match=r"fees\.toml"):
        read_schedule(str(file))


rates = st.builds(
    lambda share, floor, more: Rate(share, floor, floor + more),
    st.integers(0, SHARE_OF), st.integers(0, 10**6), st.integers(0, 10**7),
)  # fmt: skip


@given(rates, st.integers(1, 10**12))
def test_a_fee_lies_within_floor_and_cap_and_never_above_the_amount(rate: Rate, amount: int) -> None:
    fee = rate.fee(amount)
    assert 0 <= fee <= min(amount, rate.cap_minor)
    assert fee >= min(amount, rate.floor_minor)
    assert fee <= rate.fee(amount + 1), "more is never cheaper"


@given(st.integers(0, 10**5), st.integers(1, 10**9), st.data())
def test_refunds_give_back_the_fee_that_one_large_refund_would(fee: int, settled: int, data: st.DataObject) -> None:
    back = refunded = 0
    while refunded < settled and data.draw(st.booleans()):
        part = data.draw(st.integers(1, settled - refunded))
        back += fee_back(fee, settled, refunded, part)
        refunded += part
        assert back == fee * refunded // settled
    assert back + fee_back(fee, settled, refunded, settled - refunded) == fee
