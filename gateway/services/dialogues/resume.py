"""What an earlier session left for the next dial: a result that was never seen, and a dialogue that was cut off.

A number that dials again within `resume_s` is looked up once, with the dial's own session. Two things may be found:

- A *result*: the last page of a session that ended after the hop budget (the person was told that an SMS follows), or
  whose last page never arrived, as the wire says. The dial begins with that text, once; the row that is shown and the
  row that kept it are written in one unit of work. A page with a one-time code is never kept.
- A session that was *cut off* past its first page. The person is asked whether to go on. Going on means: the new
  session takes the old one's state and menus, shows its page again, and keeps the old one's name (`origin`) for the
  keys of its calls, so a payment that was confirmed just before the cut and is confirmed again is one payment. Secrets
  are in no state: a screen that asked for one asks again. What lies behind a PIN is not shown again without it: a
  session that came past one on its way is not offered, nor is a page that is sensitive, asks for nothing, or is where
  the dial leads anyway; nor any session but the last one that came past its first page.

Both are asides: pages before the dialogue's own, whose page is made first and shown after them. Who dials a shortcut is
in a hurry: the offer is left out, the result is not. But who dials a shortcut again to the page that asks to agree to
the very same thing, as phones do at one key after a drop, goes on under the name of the session that was cut off there:
if that one was agreed to, it is the same agreement.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from gateway.services.dialogues import records
from gateway.services.dialogues.events import HopEnd, Reply
from gateway.services.dialogues.hops import Played
from gateway.services.dialogues.kept import Arrival, Shown
from gateway.services.dialogues.menus import MenuSource
from gateway.services.dialogues.records import Also, EndReason, Session, Status
from gateway.services.dialogues.turns import Turns
from gateway.store import Store
from ussd_menus import FrozenMenus, Page, State
from ussd_menus.answers import clean
from ussd_menus.paging import fits
from ussd_menus.screens import ConfirmScreen, InfoScreen, LanguageScreen, PagesScreen, SecretScreen
from ussd_menus.shortcuts import renote

_CUT = frozenset({EndReason.ABORT, EndReason.TIMEOUT, EndReason.REPORT, EndReason.REDIALLED})
ONWARD, AGAIN = "1", "2"
"""What is answered to an offer."""
_ASKS_NOTHING = (InfoScreen, LanguageScreen, PagesScreen)


class Aside(StrEnum):
    """Which page stands before the dialogue's own."""

    NONE = ""
    RESULT = "result"
    """Any answer leads on."""
    OFFER = "offer"
    """1 goes on with the earlier session, 2 starts anew, anything else asks again."""


@dataclass(frozen=True, slots=True)
class Left:
    """What earlier sessions left for a dial: the session as it now stands, its page, and what is written with it."""

    session: Session
    shown: Shown
    also: Sequence[Also] = ()


class Resumes:
    """Finds what was left, and answers the asides."""

    def __init__(self, store: Store, menus: MenuSource, turns: Turns, resume_s: int) -> None:
        self._store = store
        self._menus = menus
        self._turns = turns
        self._resume_s = timedelta(seconds=resume_s)

    def since(self, now: datetime, session_s: int) -> datetime:
        """Sessions that began before this left nothing for a dial now."""
        return now - self._resume_s - timedelta(seconds=session_s)

    async def left(
        self,
        session: Session,
        menus: FrozenMenus,
        played: Played,
        earlier: Sequence[Session],
        arrival: Arrival,
        *,
        hurried: bool,
    ) -> Left | None:
        """What stands before the page that a dial led to, if anything; `hurried` leaves the offer out."""
        before = [
            one
            for one in earlier
            if one.answered_at >= arrival.at - self._resume_s
            and one.id != session.id
            # The number may have changed hands.
            and one.person_id in {None, session.person_id}
        ]
        state, also = played.state, list[Also]()
        session = replace(session, language=state.language)
        if hurried:
            twin = await self._twin(session, menus, before, state)
            if twin is not None:
                state = replace(state, call_next=State.from_json(dict(twin.state)).call_next)
                session = replace(session, origin=twin.origin or twin.id)
                also.append(records.superseding(twin.ended(EndReason.RESUMED, arrival.at)))
        offer = None if hurried else await self._cut_off(session, before, state)
        session = replace(session, state=state.to_json(), offer=offer.id if offer else "")
        for one in before:
            shown = None if one.result is None else self._result(session, menus, one.result)
            if shown is not None:
                return Left(replace(session, aside=Aside.RESULT), shown, (*also, records.claiming(one)))
        if also:
            assert isinstance(played.page, Page), "nothing stands before a last page"
            return Left(session, _shown(state, played.page), also)
        return self._offering(session, menus) if offer else None

    async def answer(self, session: Session, menus: FrozenMenus, arrival: Arrival, typed: str) -> Reply:
        """The answer to an aside.

        Raises:
            Conflict: A session changed meanwhile; read again.
        """
        left: Left | None = None
        choice = clean(typed)
        if session.aside == Aside.RESULT:
            left = self._offering(session, menus) if session.offer else None
        elif choice == ONWARD:
            left = await self._resumed(session, menus)
        elif choice != AGAIN:
            left = self._offering(session, menus)
        left = left or self._landing(session, menus)
        return await self._turns.show(left.session, arrival, left.shown, left.also)

    async def _resumed(self, session: Session, menus: FrozenMenus) -> Left | None:
        """The session as it goes on with the one that was offered; None if that has become impossible."""
        earlier = await records.by_id(self._store, session.offer)
        if earlier is None:
            return None
        page = await self._page(session, earlier, State.from_json(dict(session.state)).screen)
        if page is None:
            # Its last answer was still being worked at when the offer was made: that is what the person wants to know.
            done = earlier.is_over and earlier.reply is not None and not earlier.reply_sealed
            shown = self._result(session, menus, earlier.reply or b"") if done else None
            return Left(replace(session, aside=Aside.RESULT, offer=""), shown) if shown else None
        state, shown_page = page
        after = replace(
            session,
            state=state.to_json(),
            language=state.language,
            menu_version=state.version,
            origin=earlier.origin or earlier.id,
            aside=Aside.NONE,
            offer="",
        )
        ended = earlier.ended(EndReason.RESUMED, self._turns.clock.now())
        return Left(after, _shown(state, shown_page), (records.superseding(ended),))

    def _landing(self, session: Session, menus: FrozenMenus) -> Left:
        """The page that the dial led to."""
        state = State.from_json(dict(session.state))
        state, page = renote(menus, state, state.note, self._turns.profile(session))
        return Left(replace(session, aside=Aside.NONE, offer="", state=state.to_json()), _shown(state, page))

    def _offering(self, session: Session, menus: FrozenMenus) -> Left:
        text = self._words("offer", session, menus)
        return Left(replace(session, aside=Aside.OFFER), Shown(text, True, HopEnd.CONTINUES, "aside.offer"))

    def _result(self, session: Session, menus: FrozenMenus, result: bytes) -> Shown | None:
        """The page of a result; None where it does not fit: an amount that was cut would be a wrong amount."""
        text, profile = result.decode(), self._turns.profile(session)
        with_key = f"{text}\n{self._words('onward', session, menus)}"
        page = next((one for one in (with_key, text) if fits(one, profile)), None)
        return None if page is None else Shown(page, True, HopEnd.CONTINUES, "aside.result")

    def _words(self, key: str, session: Session, menus: FrozenMenus) -> str:
        """The words of an aside in the person's digits, English where the network cannot show the letters of theirs."""
        style = State.from_json(dict(session.state)).style
        text = menus.speech(session.language, style).write(aside_text(key, session.language))
        return text if fits(text, self._turns.profile(session)) else aside_text(key, "en")

    async def _twin(
        self, session: Session, menus: FrozenMenus, before: Sequence[Session], landing: State
    ) -> Session | None:
        """The last session that came so far, if it was cut off where the same is to be agreed to."""
        if not isinstance(menus.menus.screens[landing.screen], SecretScreen | ConfirmScreen):
            return None
        last = next((one for one in before if one.hops > 1 or one.state.get("screen") == landing.screen), None)
        page = None if last is None else await self._page(session, last, landing.screen)
        if page is None or page[0].screen != landing.screen:
            return None
        same = all(page[0].variables.get(name) == value for name, value in landing.variables.items())
        return last if same else None

    async def _cut_off(self, session: Session, before: Sequence[Session], landing: State) -> Session | None:
        """The last session that came past its first page, if it may be resumed."""
        last = next((one for one in before if one.hops > 1 or _was_dialled_on(one, landing)), None)
        # Not every wire says which code was dialled.
        if last is None or len({last.service_code, session.service_code} - {""}) > 1:
            return None
        page = await self._page(session, last, landing.screen)
        return None if page is None or page[0].screen == landing.screen else last

    async def _page(self, session: Session, earlier: Session, landing: str) -> tuple[State, Page] | None:
        """Where `earlier` stands and its page again; None if it must not be resumed. `landing`: where dials lead."""
        over = earlier.status is Status.ENDED and earlier.end_reason not in _CUT
        menus = await self._menus.fetch(earlier.menu_version)
        if over or earlier.aside or menus is None or earlier.state.get("phase") != "shown":
            return None
        if earlier.msisdn != session.msisdn or earlier.person_id not in {None, session.person_id}:
            return None
        state = State.from_json(dict(earlier.state))
        screens = menus.menus.screens
        secrets = {name for name in _since(earlier, landing) if isinstance(screens.get(name), SecretScreen)}
        screen = screens[state.screen]
        if isinstance(screen, _ASKS_NOTHING) or secrets - {state.screen}:
            return None
        if isinstance(screen, ConfirmScreen) and screen.key in {ONWARD, AGAIN}:
            # The key that answers the offer would agree when it is pressed twice.
            return None
        state, page = renote(menus, state, "", self._turns.profile(session))
        return None if page.sensitive else (state, page)


def aside_text(key: str, language: str) -> str:
    """The words of an aside, or the English ones where we have no such language."""
    return _TEXTS[key].get(language, _TEXTS[key]["en"])


def _since(session: Session, landing: str) -> list[str]:
    """The screens that a session has shown since it stood at `landing` last."""
    screens = [str(entry[0]) for entry in session.trail]
    return screens[len(screens) - screens[::-1].index(landing) :] if landing in screens else screens


def _was_dialled_on(session: Session, landing: State) -> bool:
    """Whether a session of one hop came past its first page by a shortcut: it knows what was dialled behind it."""
    return bool(session.state.get("variables", {}).keys() - landing.variables.keys())


def _shown(state: State, page: Page) -> Shown:
    return Shown(page.text, True, HopEnd.CONTINUES, state.screen, page.sensitive)


_TEXTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("asides.toml").read_text("utf-8"))

__all__ = ["Aside", "Left", "Resumes", "aside_text"]
