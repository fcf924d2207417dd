"""pain.001.001.03 and pain.001.001.09: credit transfers, written as they come, one a line, held nowhere.

A message has one payment information, so that its MsgId and PmtInfId are one word, the order's. The same order gives
the same octets. What differs between banks is data: see Profile.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID
from xml.sax.saxutils import escape

from gateway.wire.iso20022.letters import latin
from gateway.wire.iso20022.values import money as money_of
from wallet.money import Money

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ID = re.compile(r"[A-Za-z0-9/\-?:().,'+ _]{1,35}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}")
_PURPOSE = re.compile(r"[A-Z0-9]{1,4}")
_WRITTEN = re.compile(rb"<EndToEndId>([^<]+)</EndToEndId>.*?<InstdAmt Ccy=\"([A-Z]{3})\">([0-9.]+)</InstdAmt>")
NAME_MAX, REMITTANCE_MAX = 140, 140


class Version(StrEnum):
    """Which pain.001."""

    V03 = "pain.001.001.03"
    V09 = "pain.001.001.09"


class Letters(StrEnum):
    """In which letters names and texts are written."""

    ANY = "any"
    LATIN = "latin"
    """Those that the banks of SEPA promise to each other; everything else is transliterated."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What one bank wants.

    Attributes:
        version: Which message.
        debtor: Our name at the bank.
        iban: Our account.
        bic: The bank's, or '' where it asks for none.
        initiator: Name of who sends the file.
        initiator_id: What the bank calls it, or ''.
        service_level: SvcLvl/Cd (`SEPA`, `URGP`), or ''.
        local_instrument: LclInstrm/Prtry, as the bank names its schemes (`PAYA`), or ''.
        category_purpose: CtgyPurp/Cd (`SALA`, `SSBE`), or ''.
        batch_booking: Whether the bank books all at once; None leaves it to the bank.
        letters: See Letters.
        name_max: Longest name.
        uetr: Whether each payment has a UETR (only .09).
    """

    version: Version
    debtor: str
    iban: str
    bic: str = ""
    initiator: str = ""
    initiator_id: str = ""
    service_level: str = ""
    local_instrument: str = ""
    category_purpose: str = ""
    batch_booking: bool | None = None
    letters: Letters = Letters.ANY
    name_max: int = NAME_MAX
    uetr: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What is known before the first payment."""

    message_id: str
    made_at: datetime
    execute_on: date
    count: int
    total: Money


class Payment(Protocol):
    """One credit transfer; gateway.services.banking.BankPayment is one."""

    @property
    def end_to_end_id(self) -> str:
        """At most 35 characters, unique for ever."""
        ...

    @property
    def amount(self) -> Money:
        """More than nothing."""
        ...

    @property
    def name(self) -> str:
        """Of the payee."""
        ...

    @property
    def iban(self) -> str:
        """Where to."""
        ...

    @property
    def remittance(self) -> str:
        """What the payee reads, or ''."""
        ...

    @property
    def purpose(self) -> str:
        """ISO 20022 external purpose code, or ''."""
        ...


class Sink(Protocol):
    """What a message is written into: a file, or something that counts what goes by."""

    def write(self, octets: bytes, /) -> int:
        """Take all of them."""
        ...


@dataclass(slots=True)
class Writer:
    """Writes one message into a file: `begin`, `add` as often as there are pages, `finish`."""

    file: Sink
    profile: Profile
    head: Head
    count: int = field(default=0, init=False)
    total: int = field(default=0, init=False)

    def begin(self) -> None:
        """Write what stands before the payments."""
        self.file.write(_opening(self.profile, self.head).encode())

    def add(self, payments: Iterable[Payment]) -> None:
        """Write payments; each has an amount, an IBAN and an id of their forms, which who makes them has checked."""
        write = self.file.write
        for payment in payments:
            self.count += 1
            self.total += payment.amount.minor
            write(self._line(payment).encode())

    def finish(self) -> None:
        """Write the end.

        Raises:
            Disagreement: The payments are not those that the head promised.
        """
        if (self.count, self.total) != (self.head.count, self.head.total.minor):
            raise Disagreement(self.count, self.total)
        self.file.write(b"</PmtInf></CstmrCdtTrfInitn></Document>\n")

    def _line(self, payment: Payment) -> str:
        profile, amount = self.profile, payment.amount
        assert amount.minor > 0, "a payment of nothing"
        assert amount.asset == self.head.total.asset, "a payment in another currency"
        assert _ID.fullmatch(payment.end_to_end_id), "an end-to-end id that no bank takes"
        assert _IBAN.fullmatch(payment.iban), "no IBAN"
        name = text_of(payment.name, profile.letters, profile.name_max)
        uetr = f"<UETR>{_uetr(self.head.message_id, payment.end_to_end_id)}</UETR>" if profile.uetr else ""
        purpose = payment.purpose
        assert not purpose or _PURPOSE.fullmatch(purpose), "no purpose code"
        purpose = f"<Purp><Cd>{purpose}</Cd></Purp>" if purpose else ""
        remittance = text_of(payment.remittance, profile.letters, REMITTANCE_MAX)
        remittance = f"<RmtInf><Ustrd>{remittance}</Ustrd></RmtInf>" if remittance else ""
        return (
            f"<CdtTrfTxInf><PmtId><EndToEndId>{escape(payment.end_to_end_id)}</EndToEndId>{uetr}</PmtId>"
            f'<Amt><InstdAmt Ccy="{amount.asset.code}">{_decimal(amount)}</InstdAmt></Amt>'
            f"<Cdtr><Nm>{name or '-'}</Nm></Cdtr><CdtrAcct><Id><IBAN>{payment.iban}</IBAN></Id></CdtrAcct>"
            f"{purpose}{remittance}</CdtTrfTxInf>\n"
        )


class Disagreement(Exception):
    """The payments do not agree with what the head says of them: their count and sum in minor units."""

    def __init__(self, count: int, total: int) -> None:
        super().__init__(f"{count} payments of {total} in all")
        self.count = count
        self.total = total


def text_of(text: str, letters: Letters, longest: int) -> str:
    """A text as it stands in the message: one line, no longer than allowed, escaped."""
    if letters is Letters.LATIN:
        text = latin(text)
    elif not text.isascii() or not text.isprintable():
        text = _NOT_XML.sub("", text)
    if "  " in text or not text.isprintable() or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return escape(text[:longest].rstrip())


def written(lines: Iterable[bytes]) -> Iterator[tuple[str, Money]]:
    """End-to-end id and amount of each payment of a message that this module has written."""
    for line in lines:
        if found := _WRITTEN.search(line):
            end_to_end_id, currency, digits = (part.decode() for part in found.groups())
            yield _unescaped(end_to_end_id), money_of(digits, currency, end_to_end_id)


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _decimal(amount: Money) -> str:
    return str(amount).partition(" ")[0]


def _uetr(message_id: str, end_to_end_id: str) -> UUID:
    """A UUID of version 4 in form (RFC 9562, 5.4), the same whenever the file is written again."""
    digest = hashlib.sha256(f"uetr\0{message_id}\0{end_to_end_id}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def _opening(profile: Profile, head: Head) -> str:
    assert _ID.fullmatch(head.message_id), "a message id that no bank takes"
    made_at = head.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sums = f"<NbOfTxs>{head.count}</NbOfTxs><CtrlSum>{_decimal(head.total)}</CtrlSum>"
    debtor = text_of(profile.debtor, profile.letters, profile.name_max)
    initiator = text_of(profile.initiator or profile.debtor, profile.letters, profile.name_max)
    initiator_id = escape(profile.initiator_id)
    identified = f"<Id><OrgId><Othr><Id>{initiator_id}</Id></Othr></OrgId></Id>" if initiator_id else ""
    booking = "" if profile.batch_booking is None else f"<BtchBookg>{str(profile.batch_booking).lower()}</BtchBookg>"
    dated = head.execute_on.isoformat()
    dated = f"<Dt>{dated}</Dt>" if profile.version is Version.V09 else dated
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{profile.version.value}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{head.message_id}</MsgId><CreDtTm>{made_at}</CreDtTm>{sums}"
        f"<InitgPty><Nm>{initiator}</Nm>{identified}</InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>{head.message_id}</PmtInfId><PmtMtd>TRF</PmtMtd>{booking}{sums}{_types(profile)}"
        f"<ReqdExctnDt>{dated}</ReqdExctnDt><Dbtr><Nm>{debtor}</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{profile.iban}</IBAN></Id></DbtrAcct>"
        f"<DbtrAgt><FinInstnId>{_agent(profile)}</FinInstnId></DbtrAgt>\n"
    )


def _types(profile: Profile) -> str:
    level = f"<SvcLvl><Cd>{escape(profile.service_level)}</Cd></SvcLvl>" if profile.service_level else ""
    instrument = escape(profile.local_instrument)
    instrument = f"<LclInstrm><Prtry>{instrument}</Prtry></LclInstrm>" if instrument else ""
    purpose = f"<CtgyPurp><Cd>{escape(profile.category_purpose)}</Cd></CtgyPurp>" if profile.category_purpose else ""
    return f"<PmtTpInf>{level}{instrument}{purpose}</PmtTpInf>" if level or instrument or purpose else ""


def _agent(profile: Profile) -> str:
    if not profile.bic:
        return "<Othr><Id>NOTPROVIDED</Id></Othr>"
    name = "BICFI" if profile.version is Version.V09 else "BIC"
    return f"<{name}>{profile.bic}</{name}>"
