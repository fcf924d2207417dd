"""The conversation itself: `step`, a pure function."""

from ussd_menus.freeze import FrozenMenus
from ussd_menus.model import Event, Profile, Reply, State, Value


def begin(frozen: FrozenMenus, language: str) -> State:
    """The state of a session that is about to start; feed it Begin. `language` holds until something sets another."""
    raise NotImplementedError(frozen, language)


def step(
    frozen: FrozenMenus,
    state: State,
    event: Event,
    profile: Profile = Profile(),  # noqa: B008  - frozen
) -> tuple[State, Reply]:
    """The next state and what to do. Pure; never raises over what a person types; every page fits `profile`."""
    raise NotImplementedError(frozen, state, event, profile)


def say(frozen: FrozenMenus, language: str, key: str, values: dict[str, Value] | None = None) -> str:
    """One text of the menus outside a dialogue, for the channel's own refusals (`house.busy`, `house.over`)."""
    raise NotImplementedError(frozen, language, key, values)
