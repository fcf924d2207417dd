"""The shipped policy can be read, and a file of one's own replaces single values or is refused with its place."""

from pathlib import Path

import pytest

from gateway.errors import SettingsFault
from gateway.services.taps.policy import TapPolicy


def test_a_file_replaces_single_values_and_leaves_the_others(tmp_path: Path) -> None:
    own = tmp_path / "policy.toml"
    own.write_text(
        '[cvm]\nno_cvm_max_minor = 7\n[windows]\nmonths = "gregorian"\n[terminal]\nentry_modes = ["07", "05"]\n'
    )
    shipped, policy = TapPolicy.load(), TapPolicy.load(str(own))
    assert (policy.no_cvm_max_minor, policy.months, policy.entry_modes) == (7, "gregorian", ("07", "05"))
    assert policy.no_cvm_count_max == shipped.no_cvm_count_max == 5
    assert policy.week_starts == "saturday"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[cvm]\nno_cvm_max_mnor = 7", "no_cvm_max_mnor"),
        ("[limit]\ntap_max_minor = 7", "limit"),
        ("cvm = 7", "cvm"),
        ("[cvm]\nno_cvm_max_minor = -1", "whole number"),
        ("[cvm]\nno_cvm_max_minor = true", "whole number"),
        ("[cvm]\nno_cvm_max_minor = 1.5", "whole number"),
        ("[terminal]\nrelay_max_ms = 70000", "65535"),
        ('[windows]\nweek_starts = "friday"', "saturday"),
        ('[windows]\nweek_starts = ["monday"]', "saturday"),
        ('[windows]\nmonths = "lunar"', "jalali"),
        ("[terminal]\nentry_modes = []", "two digits"),
        ('[terminal]\nentry_modes = ["7"]', "two digits"),
        ('[terminal]\nentry_modes = ["0x"]', "two digits"),
        ("[cvm", "cannot read"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_says_where(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "policy.toml"
    own.write_text(text)
    with pytest.raises(SettingsFault, match=told) as fault:
        TapPolicy.load(str(own))
    assert str(own) in str(fault.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="cannot read"):
        TapPolicy.load(str(tmp_path / "none.toml"))
