"""Stand-ins for what the services need of others: a teller that remembers, a registry of a few people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.errors import PeerUnavailable
from gateway.services.telling import NoticeValue

MARYAM = ("+989120000001", "0012345679")
REZA = ("+989120000002", "0034567895")
OTHER = ("+989120000009", "0567890147")


@dataclass(frozen=True)
class Told:
    class_: str
    cause: str
    msisdn: str
    person_id: str
    language: str
    values: Mapping[str, NoticeValue]
    secrets: Mapping[str, str]


@dataclass
class FakeTeller:
    """Tells once for each cause, class and person, as the outbox does; a unit that runs twice tells once."""

    by_key: dict[tuple[str, str, str], Told] = field(default_factory=dict)

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Callable[[Connection], bool]:
        told = Told(class_, cause, msisdn, person_id, language, values, secrets)
        return lambda _tx: self.by_key.setdefault((cause, class_, person_id), told) is told

    def of(self, class_: str) -> list[Told]:
        return [told for told in self.by_key.values() if told.class_ == class_]

    def last_code(self, class_: str = "one_time_code") -> str:
        return self.of(class_)[-1].secrets["code"]


@dataclass(frozen=True)
class Answer:
    match: bool
    name: str = ""
    name_fa: str = ""


@dataclass
class FakeRegistry:
    known: dict[str, tuple[str, str, str]] = field(
        default_factory=lambda: {
            MARYAM[0]: (MARYAM[1], "Maryam Ahmadi", "مریم احمدی"),
            REZA[0]: (REZA[1], "Reza Karimi", "رضا کریمی"),
        }
    )
    down: bool = False
    asked: int = 0

    async def match(self, msisdn: str, national_number: str) -> Answer:
        self.asked += 1
        if self.down:
            raise PeerUnavailable("the registry does not answer")
        number, name, name_fa = self.known.get(msisdn, ("", "", ""))
        return Answer(True, name, name_fa) if number == national_number else Answer(False)
