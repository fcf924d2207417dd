"""Service codes: the longest of ours that ends where a part ends."""

import pytest

from gateway.channels.ussd.codes import Codes, Dialled, normal_code

CODES = Codes(["*1420#", "711", "*711*22#", "*#99#"])


@pytest.mark.parametrize(
    ("dialled", "code", "answers", "ours"),
    [
        ("*1420#", "*1420#", "", True),
        ("1420", "*1420#", "", True),
        ("*1420", "*1420#", "", True),
        (" *1420# ", "*1420#", "", True),
        ("*1420*3*500#", "*1420#", "3*500", True),
        ("1420*3", "*1420#", "3", True),
        ("*1420*5*6*7#", "*1420#", "5*6*7", True),
        ("*14201#", "*14201#", "", False),
        ("*142#", "*142#", "", False),
        ("*711*2#", "*711#", "2", True),
        ("*711*22#", "*711*22#", "", True),
        ("*711*22*1#", "*711*22#", "1", True),
        ("*711*222#", "*711#", "222", True),
        ("*#99*1#", "*#99#", "1", True),
        ("*99*1#", "*99#", "", False),
        ("*1421*1*2468#", "*1421#", "", False),
        ("1421*2468", "*1421#", "", False),
        ("2468135790", "*24681357#", "", False),
        ("*1420**1#", "*1420#", "*1", True),
        ("", "#", "", False),
        ("*", "*#", "", False),
        ("#", "#", "", False),
    ],
)
def test_a_dialled_string_is_cut_behind_the_longest_code(dialled: str, code: str, answers: str, *, ours: bool) -> None:
    assert CODES.split(dialled) == Dialled(code, answers, ours)


def test_what_is_dialled_behind_a_code_is_in_no_repr() -> None:
    assert "2468" not in repr(CODES.split("*1420*2468#"))


@pytest.mark.parametrize(
    ("written", "code"),
    [("*1420#", "*1420#"), ("1420", "*1420#"), ("*#06#", "*#06#"), ("##99*1#", "##99*1#"), ("abc", None), ("", None),
     ("*1420", None), ("****1#", None), ("*1420#\n", None), ("*١٤٢٠#", None)],
)  # fmt: skip
def test_what_is_a_code(written: str, code: str | None) -> None:
    assert normal_code(written) == code


def test_a_code_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\*1420#"):
        Codes(["nonsense"])
