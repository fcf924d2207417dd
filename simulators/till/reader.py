"""A reader: it takes a phone through a tap by command APDUs and says what came of it.

SELECT PPSE, SELECT the first application that both know, GET PROCESSING OPTIONS; where that brings no cryptogram, READ
RECORD by the AFL and GENERATE AC. Nothing is owed to anybody before a cryptogram is here.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from simulators import emv_card
from simulators.emv_card import TlvError
from simulators.nfc import Timed, TornOff, Transport
from simulators.till import kernel
from simulators.till.deny import DenyList
from simulators.till.kernel import Asked, IssuerCodes, Risk, Rules

COUNTRY = CURRENCY = "0364"
CAPABILITIES = bytes.fromhex("000800")
"""9F33: reads no card but by its chip without contact, verifies nobody itself, authenticates nothing offline."""
TERMINAL_TYPE = b"\x22"
RECORDS_MAX = 16
DATA_MAX = 255
MS_MAX = 0xFFFF
_OK, _BLOCKED = b"\x90\x00", b"\x62\x83"
_MADE = frozenset({"9F36", "9F26", "9F27", "9F10"})
_OWN = frozenset({"82", "57", "5F34"})
_SIZES = {"57": 19, "5F34": 1, "82": 2, "9F0D": 5, "9F0E": 5, "9F0F": 5, "9F10": 32, "9F26": 8, "9F27": 1, "9F36": 2}
"""Bytes of what a card says; of 57 and 9F10, at most."""
_TRACK = re.compile(r"[0-9]{12,19}D[0-9]{2}(0[1-9]|1[0-2])[0-9]*F?")
_STRIPE = frozenset({"9F6B", "56", "9F62"})
"""Track data of magnetic-stripe mode: a card with these and without a list for GENERATE AC has no chip to ask."""


class Failure(StrEnum):
    """Why there is no cryptogram to send."""

    REFUSED = "phone_refused"
    SEE_PHONE = "see_phone"
    TORN_OFF = "torn_off"
    DENIED = "denied"
    STRIPE = "stripe"
    TOO_LARGE = "too_large"
    DECLINED = "phone_declined"
    ONLINE_ONLY = "online_only"


@dataclass(frozen=True, slots=True)
class Chip:
    """A tap that brought a cryptogram: everything that phone and terminal said, by tag."""

    values: Mapping[str, bytes] = field(repr=False)
    kind: Asked

    @property
    def pan(self) -> str:
        """The token PAN, from track 2."""
        return self.values["57"].hex().upper().partition("D")[0]

    @property
    def expiry(self) -> str:
        """YYMM."""
        return self.values["57"].hex().upper().partition("D")[2][:4]


@dataclass(frozen=True, slots=True)
class Sale:
    """What is to be paid, on which day of the terminal, and whether there is a line."""

    amount_minor: int
    today: date
    online: bool


class _Status(Exception):
    """The card says no; `word` is its status word."""

    def __init__(self, word: bytes) -> None:
        super().__init__(word.hex().upper())
        self.word = word


@dataclass(slots=True)
class Reader:
    """One reader. `exchanges` of the last tap are in `timed`."""

    rules: Rules
    deny: DenyList
    timed: Timed | None = None

    async def read(self, phone: Transport, sale: Sale) -> Chip | Failure:
        """One tap."""
        if sale.amount_minor > self.rules.limits.cdcvm_max_minor:
            return Failure.TOO_LARGE
        timed = self.timed = Timed(phone)
        try:
            await timed.activate()
            read = await _Tap(timed, sale, self.rules, self.deny).run()
        except TornOff:
            return Failure.TORN_OFF
        except (_Status, TlvError):
            return Failure.REFUSED
        finally:
            await timed.deactivate()
        if isinstance(read, Failure):
            return read
        slowest = min(round(timed.slowest_ms), MS_MAX).to_bytes(2)
        return replace(read, values={**read.values, "DF8101": slowest})


class _Tap:
    """One tap, step by step."""

    def __init__(self, phone: Transport, sale: Sale, rules: Rules, deny: DenyList) -> None:
        self._phone = phone
        self._sale = sale
        self._limits = rules.limits
        self._codes = rules.codes
        self._deny = deny
        self._risks = {Risk.NOT_AUTHENTICATED}
        if sale.amount_minor > rules.limits.floor_minor:
            self._risks.add(Risk.ABOVE_FLOOR)
        self._told = self._first_told()

    async def run(self) -> Chip | Failure:
        pdol = await self._select()
        if pdol is None:
            return Failure.REFUSED
        filled = emv_card.fill(emv_card.parse_dol(pdol), self._told)
        try:
            answer = await self._command("80A80000", emv_card.tlv("83", filled))
        except _Status as refused:
            # The phone wants to be unlocked first; with another reason it would have said so at SELECT.
            locked = refused.word == b"\x69\x85" and self._limits.needs_owner(self._sale.amount_minor)
            return Failure.SEE_PHONE if locked else Failure.REFUSED
        card = _options(answer)
        if card.keys() >= _MADE | _OWN:
            return self._one_step(card)
        return await self._by_records(card)

    async def _select(self) -> bytes | None:
        """The PDOL of the first application, by priority, that both know and that lets itself be selected."""
        directory = await self._command("00A40400", emv_card.PPSE)
        for aid in _candidates(directory):
            try:
                selected = await self._command("00A40400", aid)
            except _Status:
                continue
            self._told["84"] = aid
            return emv_card.find(selected, "9F38") or b""
        return None

    def _one_step(self, card: dict[str, bytes]) -> Chip | Failure:
        """The cryptogram came with GET PROCESSING OPTIONS: what is found out now can only decline."""
        unlocked = kernel.unlocked(card.get("9F6C", b""))
        if self._limits.needs_owner(self._sale.amount_minor) and not unlocked:
            return Failure.SEE_PHONE
        results = kernel.owner_results(self._limits, self._sale.amount_minor, read_on_device=unlocked)
        self._told["9F34"] = results
        wanted = Asked.ARQC if self._sale.online else Asked.TC
        return self._finished(card, wanted)

    async def _by_records(self, card: dict[str, bytes]) -> Chip | Failure:
        """READ RECORD, then GENERATE AC with what was found out."""
        for record in await self._records(card.get("94", b"")):
            card |= record
        if "8C" not in card:
            return Failure.STRIPE if card.keys() & _STRIPE else Failure.REFUSED
        if not card.keys() >= _OWN:
            return Failure.REFUSED
        owner = kernel.can_verify(card["82"])
        if self._sale.amount_minor > self._limits.no_cdcvm_max_minor and not owner:
            return Failure.TOO_LARGE
        self._look_at(Chip(card, Asked.AAC))
        results = kernel.owner_results(self._limits, self._sale.amount_minor, read_on_device=owner)
        self._told |= {"95": kernel.verification(frozenset(self._risks)), "9F34": results}
        issuer = IssuerCodes(*(card.get(tag, bytes(5)) for tag in ("9F0E", "9F0F", "9F0D")))
        wanted = kernel.analyse(self._told["95"], self._codes, issuer, online=self._sale.online)
        filled = emv_card.fill(emv_card.parse_dol(card["8C"]), {**self._told, **card})
        made = _made(await self._command(f"80AE{wanted:02X}00", filled))
        return self._finished({**card, **made}, wanted) if made.keys() >= _MADE else Failure.REFUSED

    def _look_at(self, chip: Chip) -> None:
        _check(chip.values)
        if self._deny.denies(chip.pan):
            self._risks.add(Risk.DENIED)
        if kernel.expired(chip.expiry, self._sale.today):
            self._risks.add(Risk.EXPIRED)

    def _finished(self, card: dict[str, bytes], wanted: Asked) -> Chip | Failure:
        """The cryptogram as the phone granted it: what was asked, or less."""
        chip = Chip({**self._told, **card, "84": self._told["84"], "95": self._told["95"]}, _granted(card["9F27"]))
        self._look_at(chip)
        found = kernel.verification(frozenset(self._risks))
        if Risk.DENIED in self._risks:
            return Failure.DENIED
        if kernel.analyse(found, self._codes, IssuerCodes(), online=self._sale.online) is Asked.AAC:
            return Failure.ONLINE_ONLY if not self._sale.online else Failure.DECLINED
        if chip.kind is Asked.AAC:
            locked = self._told["9F34"] == kernel.CVM_ON_DEVICE and not kernel.unlocked(card.get("9F6C", b""))
            return Failure.SEE_PHONE if locked else Failure.DECLINED
        if chip.kind is not wanted:
            # An approval where a question was wanted is none; a question cannot be asked without a line.
            return Failure.ONLINE_ONLY if chip.kind is Asked.ARQC else Failure.REFUSED
        return chip

    async def _records(self, locator: bytes) -> list[dict[str, bytes]]:
        """The records that the AFL names: four bytes each, file, first, last, how many are signed."""
        found: list[dict[str, bytes]] = []
        for at in range(0, len(locator) - 3, 4):
            file, first, last = locator[at] >> 3, locator[at + 1], locator[at + 2]
            for number in range(first, last + 1):
                if len(found) == RECORDS_MAX:
                    raise TlvError("the card has too many records")
                head = bytes([0x00, 0xB2, number, file << 3 | 0x04])
                inner = emv_card.find(await self._exchange(head), "70")
                found.append({item.tag: item.value for item in emv_card.parse(inner or b"")})
        return found

    async def _command(self, head: str, data: bytes) -> bytes:
        if len(data) > DATA_MAX:
            raise TlvError("the card wants to know too much")
        return await self._exchange(bytes.fromhex(head) + bytes([len(data)]) + data)

    async def _exchange(self, command: bytes) -> bytes:
        """The data of the answer; what waits is fetched (61), a wrong Le is put right (6C).

        Raises:
            TornOff: The phone is gone, or its answer is in pieces.
            _Status: It says no.
        """
        answer = await self._whole(command + b"\0")
        if answer[-2] == 0x6C:
            answer = await self._whole(command + answer[-1:])
        data = answer[:-2]
        for _ in range(RECORDS_MAX):
            if answer[-2] != 0x61:
                break
            answer = await self._whole(b"\x00\xc0\x00\x00" + answer[-1:])
            data += answer[:-2]
        if answer[-2:] == _OK:
            return data
        raise _Status(answer[-2:])

    async def _whole(self, command: bytes) -> bytes:
        answer = await self._phone.transceive(command)
        if len(answer) < 2:
            raise TornOff("the answer is in pieces")
        return answer

    def _first_told(self) -> dict[str, bytes]:
        """What the terminal knows before the phone has said anything."""
        sale = self._sale
        return {
            "84": emv_card.AID,
            "9F66": kernel.qualifiers(self._limits, sale.amount_minor, online=sale.online),
            "9F02": bytes.fromhex(f"{sale.amount_minor:012d}"),
            "9F03": bytes(6),
            "9F1A": bytes.fromhex(COUNTRY),
            "95": kernel.verification(frozenset(self._risks)),
            "5F2A": bytes.fromhex(CURRENCY),
            "9A": bytes.fromhex(f"{sale.today:%y%m%d}"),
            "9C": b"\0",
            "9F33": CAPABILITIES,
            "9F35": TERMINAL_TYPE,
            "9F37": secrets.token_bytes(4),
        }


def _check(card: Mapping[str, bytes]) -> None:
    """What the card says has its form.

    Raises:
        TlvError: It has not.
    """
    for tag, size in _SIZES.items():
        value = card.get(tag)
        if value is not None and (len(value) > size or (len(value) < size and tag not in ("57", "9F10"))):
            raise TlvError(f"{tag} has {len(value)} bytes")
    if not _TRACK.fullmatch(card["57"].hex().upper()):
        raise TlvError("57 is no track")


def _granted(information: bytes) -> Asked:
    """What the card granted (9F27).

    Raises:
        TlvError: Nothing that there is.
    """
    try:
        return Asked(information[0] & 0xC0)
    except (IndexError, ValueError) as problem:
        raise TlvError("9F27 is no kind of cryptogram") from problem


def _candidates(directory: bytes) -> list[bytes]:
    """Applications of the PPSE that the terminal knows, by priority (87, low four bits; without one last)."""
    listed = emv_card.find(directory, "BF0C")
    entries: list[tuple[int, bytes]] = []
    for item in emv_card.parse(listed or b""):
        if item.tag != "61":
            continue
        aid = emv_card.find(item.value, "4F")
        priority = (emv_card.find(item.value, "87") or b"\0")[0] & 0x0F
        if aid is not None and aid.startswith(emv_card.AID):
            entries.append((priority or 16, aid))
    return [aid for _, aid in sorted(entries, key=lambda entry: entry[0])]


def _options(data: bytes) -> dict[str, bytes]:
    """What GET PROCESSING OPTIONS says: profile and locator (format 1), or data objects (format 2)."""
    items = emv_card.parse(data)
    if len(items) != 1 or items[0].tag not in ("80", "77"):
        raise TlvError("neither format 1 nor format 2")
    value = items[0].value
    if items[0].tag == "80":
        return {"82": value[:2], "94": value[2:]}
    return {item.tag: item.value for item in emv_card.parse(value)}


def _made(data: bytes) -> dict[str, bytes]:
    """What GENERATE AC says: 9F27, 9F36, 9F26, 9F10 in that order (format 1), or as data objects (format 2)."""
    value = emv_card.find(data, "80")
    if value is not None:
        return {"9F27": value[:1], "9F36": value[1:3], "9F26": value[3:11], "9F10": value[11:]}
    return {item.tag: item.value for item in emv_card.parse(emv_card.find(data, "77") or b"")}
