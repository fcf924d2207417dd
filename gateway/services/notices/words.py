"""Notices in words: the texts of `texts/*.toml`, amounts, days and moments as people of each language write them."""

import functools
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from gateway.services.notices.letters import Letter, letter
from gateway.services.notices.notice import NEEDS, Notice, NoticeClass
from gateway.services.notices.sheets import FeeSheet, Sheet, table
from gateway.services.telling import NoticeValue
from gateway.wire import gsm
from wallet.money import Money
from wallet.transfers import TransferCode

FALLBACK = "en"
COMMON = frozenset({"service_code", "minutes"})
"""What every text may name: what to dial, and how many minutes the notice's class is valid."""
CLAIM_DIAL = "claim_dial"
"""What to dial for the claim whose `number` a notice names: `*1420*2*12345674#`, a shortcut of the menus."""
LEFT_TO_RIGHT = "\u200e"
"""Before a service code in a right-to-left text, or `*1420#` would read `1420#*`."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language's file."""

    texts: Mapping[NoticeClass, str]
    subjects: Mapping[NoticeClass, str]
    forms: Mapping[str, str]
    statement: Mapping[str, str]
    fees: Mapping[str, str]
    movements: Mapping[str, str]
    assets: Mapping[str, str]
    months: tuple[str, ...] = ()
    digits: str = string.digits
    jalali: bool = False
    rtl: bool = False

    @classmethod
    def load(cls, path: Path) -> "Language":
        """Read one file; a class without a text or a placeholder that nobody fills is a bug."""
        row = tomllib.loads(path.read_text("utf-8"))
        texts = {NoticeClass(name): text for name, text in row["texts"].items()}
        assert set(texts) == set(NoticeClass), f"{path.name}: {set(NoticeClass) - set(texts)} have no text"
        for class_, text in texts.items():
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            known = COMMON | ({CLAIM_DIAL} if "number" in NEEDS[class_].values else frozenset())
            unknown = named - known - NEEDS[class_].values - NEEDS[class_].secrets
            assert not unknown, f"{path.name}: {class_} names {unknown}"
        unnamed = {code.name.lower() for code in TransferCode} ^ set(row["movements"])
        assert not unnamed, f"{path.name}: movements {unnamed}"
        forms = dict(row["forms"])
        return cls(
            texts=texts,
            subjects={NoticeClass(name): text for name, text in row["subjects"].items()},
            months=tuple(forms.pop("months", ())),
            forms=forms,
            statement=row["statement"],
            fees=row["fees"],
            movements=row["movements"],
            assets=row["assets"],
            digits=row.get("digits", string.digits),
            jalali=row.get("jalali", False),
            rtl=row.get("rtl", False),
        )

    def amount(self, money: Money) -> str:
        """Grouped digits and the asset's name."""
        whole, _, part = str(money).partition(" ")[0].partition(".")
        grouped = f"{int(whole):,}".replace(",", self.forms["group"]) + (self.forms["point"] + part if part else "")
        return self.forms["amount"].format(number=self._own(grouped), asset=self.assets[money.asset.code])

    def day(self, day: date) -> str:
        """A calendar day; Jalali where the language counts so."""
        shown = _jalali(day) if self.jalali else day
        month = self.months[shown.month - 1] if self.months else ""
        written = self.forms["day"].format(
            day=shown.day, day2=f"{shown.day:02d}", month=month, month2=f"{shown.month:02d}", year=shown.year
        )
        return self._own(written)

    def moment(self, moment: datetime, zone: ZoneInfo) -> str:
        """A day and the time of day in `zone`."""
        local = moment.astimezone(zone)
        time = self._own(f"{local.hour:02d}:{local.minute:02d}")
        return self.forms["moment"].format(day=self.day(local.date()), time=time)

    def number(self, number: int) -> str:
        """Digits of the language."""
        return self._own(str(number))

    def code(self, code: str) -> str:
        """What people dial."""
        return f"{LEFT_TO_RIGHT}{code}" if self.rtl else code

    def _own(self, text: str) -> str:
        return text if self.digits == string.digits else text.translate(_digits(self.digits))


@functools.cache
def _digits(own: str) -> dict[int, int]:
    return str.maketrans(string.digits, own)


@functools.lru_cache(1024)
def _jalali(day: date) -> JalaliDate:
    return JalaliDate(day)  # type: ignore[no-untyped-call]


class Words:
    """Words notices in every language that `texts/` has."""

    def __init__(self, *, zone: str, service_code: str) -> None:
        folder = Path(__file__).with_name("texts")
        self.languages = {path.stem: Language.load(path) for path in sorted(folder.glob("*.toml"))}
        self._zone = ZoneInfo(zone)
        self._service_code = service_code
        # What moved together is told with one moment.
        self._moment = functools.lru_cache(1024)(self._moment_in)

    def sms(self, notice: Notice, *, valid_s: int) -> str:
        """The text of an SMS, in GSM letters where that only costs an accent."""
        return gsm.transliterate(self.text(notice, valid_s=valid_s))

    def text(self, notice: Notice, *, valid_s: int) -> str:
        """The text as it is written. Values that the class does not need are ignored, a missing one is a bug."""
        language = self._language(notice)
        needs = NEEDS[notice.class_]
        given = {**notice.values, **notice.secrets}
        missing = (needs.values | needs.secrets) - set(given)
        assert not missing, f"{notice.class_} needs {missing}"
        shown = {name: self._shown(notice.language, language, given[name]) for name in needs.values}
        shown |= {name: str(given[name]) for name in needs.secrets}
        shown |= {"service_code": language.code(self._service_code), "minutes": language.number(valid_s // 60)}
        shown[CLAIM_DIAL] = language.code(f"{self._service_code.rstrip('#')}*2*{shown.get('number', '')[-8:]}#")
        return language.texts[notice.class_].format(**shown)

    def subject(self, notice: Notice) -> str | None:
        """The subject of an e-mail; None if the class does not go by e-mail."""
        return self.subject_of(notice.class_, notice.language)

    def subject_of(self, class_: NoticeClass, language: str) -> str | None:
        """The subject of an e-mail of this class; None if it does not go by e-mail."""
        return self.languages.get(language, self.languages[FALLBACK]).subjects.get(class_)

    def title(self, language: str) -> str:
        """What stands above a text in the mailbox whose class has no subject."""
        return self.languages.get(language, self.languages[FALLBACK]).forms["title"]

    def letter(self, notice: Notice, *, valid_s: int, sheet: Sheet | FeeSheet | None = None) -> Letter | None:
        """The letter, with a statement's table if there is one; None if the class does not go by e-mail."""
        language, subject = self._language(notice), self.subject(notice)
        if subject is None:
            return None
        shown = notice.language if notice.language in self.languages else FALLBACK
        text = self.text(notice, valid_s=valid_s)
        return letter(
            shown, rtl=language.rtl, subject=subject, text=text, table=table(language, sheet) if sheet else None
        )

    def _language(self, notice: Notice) -> Language:
        return self.languages.get(notice.language, self.languages[FALLBACK])

    def _moment_in(self, name: str, moment: datetime) -> str:
        return self.languages.get(name, self.languages[FALLBACK]).moment(moment, self._zone)

    def _shown(self, name: str, language: Language, value: NoticeValue) -> str:
        if isinstance(value, Money):
            return language.amount(value)
        if isinstance(value, datetime):
            return self._moment(name, value)
        if isinstance(value, date):
            return language.day(value)
        if isinstance(value, int):
            return language.number(value)
        # A line break or control character in a name would let it pose as another line of the text.
        return " ".join(value.split())
