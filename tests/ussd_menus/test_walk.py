"""Random walks see everything of sound menus, break nothing, and are the same for the same seed."""

from dataclasses import replace

import pytest

from tests.ussd_menus.planted import SOUND
from ussd_menus import FrozenMenus, Page, Profile, begin, freeze, load
from ussd_menus.model import Phase
from ussd_menus.walk import Walk, coverage


def walked(frozen: FrozenMenus, walks: int, seed: int = 1, profile: Profile = Profile()) -> list[str]:  # noqa: B008
    walk = Walk(frozen, profile, frozen.languages)
    for number in range(walks):
        walk.once(seed, number)
    return list(coverage(walk))


@pytest.mark.parametrize("name", ["tiny", "clinic"])
def test_walks_see_every_screen_and_branch(name: str) -> None:
    lines = walked(freeze(load(SOUND / name)), 400)
    assert not [line for line in lines if line.startswith(("never", "broken"))], lines


def test_the_shipped_menus_break_no_promise(frozen: FrozenMenus) -> None:
    assert not [line for line in walked(frozen, 60) if line.startswith("broken")]


def test_the_same_seed_walks_the_same_ways() -> None:
    frozen = freeze(load(SOUND / "clinic"))
    assert walked(frozen, 20) == walked(frozen, 20)
    assert walked(frozen, 20) != walked(frozen, 20, seed=2)


def test_a_walk_that_does_not_end_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ussd_menus.walk.HOPS_MAX", 2)
    lines = walked(freeze(load(SOUND / "clinic")), 5)
    assert any(line.startswith("broken: walk") and "no end within 2 hops" in line for line in lines)


def test_numbers_that_look_like_the_secret_are_no_secret() -> None:
    walk = Walk(freeze(load(SOUND / "clinic")), Profile(), ("en",))
    state = begin(walk.frozen, "en")
    for value, broken in ((283_927, 0), ("8392", 1)):
        kept = replace(state, variables={"age": value}, phase=Phase.CALLING)
        walk._check("here", kept, Page("Page"))
        assert len(walk.broken) == broken
