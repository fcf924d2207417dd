"""The shipped menus, loaded and proved once a run."""

import pytest

from ussd_menus import FrozenMenus, Menus, freeze, load


@pytest.fixture(scope="session")
def menus() -> Menus:
    return load()


@pytest.fixture(scope="session")
def frozen(menus: Menus) -> FrozenMenus:
    return freeze(menus)
