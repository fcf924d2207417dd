"""The card application of a phone: it answers command APDUs, one after the other, and keeps the order that EMV wants.

SELECT PPSE, SELECT AID, GET PROCESSING OPTIONS; then, in the M/Chip style, READ RECORD and GENERATE AC. Modelled on
EMV Books 1 and 3 and on what is public of the contactless kernels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from simulators import emv_card
from simulators.nfc import apdu, cryptograms, personal, risk, status
from simulators.nfc.apdu import Command
from simulators.nfc.personal import HOUSE, Entry, Kernel
from simulators.nfc.risk import NEVER, Asked, Kind, Limits
from simulators.nfc.token import Token, Used

_ONLINE_REQUIRED = 0x80
_OWNER_REQUIRED = 0x40
_ON_DEVICE = 0x01
"""First byte of 9F34 (CVM results) where the phone verified its owner; modelled on Kernel 2."""


class Store(Protocol):
    """Where the token lives. What is changed is kept by `flush`, before an answer leaves."""

    token: Token | None

    def used(self, one: Used) -> None:
        """A cryptogram was made."""
        ...

    def flush(self) -> None:
        """Keep what was changed, durably."""
        ...


class Owner(Protocol):
    """The person and the screen."""

    def now(self) -> datetime:
        """The phone's clock."""
        ...

    def unlocked(self, now: datetime) -> bool:
        """Whether the owner unlocked the phone recently enough."""
        ...

    def show(self, amount_minor: int, kind: Kind | None) -> None:
        """Show the amount and what the phone said to it; None: it wants to be unlocked first."""
        ...


class Stage(Enum):
    """How far a tap has come."""

    IDLE = auto()
    SELECTED = auto()
    READING = auto()
    ASKED = auto()


@dataclass(slots=True)
class Setting:
    """How the card application is set up.

    Attributes:
        kernel: Which of the two styles.
        template: Format 2 (77, data objects) where True; format 1 (80, plain values) where False. The GPO style always
            answers its cryptogram in format 2.
        directory: What the PPSE lists; other entries than the house's are of other applications, which are not here.
        blocked: The application says so (6283) and makes no cryptogram.
        offline: What it may approve by itself.
    """

    kernel: Kernel = Kernel.GPO
    template: bool = False
    directory: tuple[Entry, ...] = (HOUSE,)
    blocked: bool = False
    offline: Limits = NEVER


@dataclass(slots=True)
class _Tap:
    """What a tap has told so far."""

    values: dict[str, bytes]
    token: Token
    ac: bytes = b""
    amount_minor: int = 0


class CardApplication:
    """Answers APDUs. `reset` is a new field."""

    def __init__(self, store: Store, owner: Owner, setting: Setting) -> None:
        self._store = store
        self._owner = owner
        self._setting = setting
        self._stage = Stage.IDLE
        self._tap: _Tap | None = None
        self._waiting = b""
        self._handlers: dict[int, Callable[[Command], bytes]] = {
            0x00A4: self._select,
            0x80A8: self._gpo,
            0x00B2: self._read_record,
            0x80AE: self._generate,
            0x80CA: self._get_data,
            0x00C0: self._get_response,
        }

    def reset(self) -> None:
        """Nothing is selected, and no answer waits."""
        self._stage, self._tap, self._waiting = Stage.IDLE, None, b""

    def answer(self, raw: bytes) -> bytes:
        """Data and status word. What was spent for it is kept before it is returned."""
        command = apdu.parse(raw)
        if isinstance(command, bytes):
            return command
        handler = self._handlers.get(command.head)
        if handler is None:
            instructions = {head & 0xFF for head in self._handlers}
            classes = {head >> 8 for head in self._handlers}
            known = command.cla in classes and command.ins not in instructions
            return status.INSTRUCTION if known else status.CLASS
        if command.head != 0x00C0:
            self._waiting = b""
        answer = handler(command)
        self._store.flush()
        return answer if command.head == 0x00C0 else self._fitted(answer, command)

    def _fitted(self, answer: bytes, command: Command) -> bytes:
        """The answer as Le allows it: what may be asked again says 6C, what happened once waits for GET RESPONSE."""
        size = len(answer) - 2
        if size == 0 or (command.le is not None and command.le >= size):
            return answer
        if command.head in (0x00B2, 0x80CA):
            return status.exactly(size)
        self._waiting = answer
        return status.more(size)

    def _get_response(self, command: Command) -> bytes:
        size = len(self._waiting) - 2
        if command.parameters or command.data:
            return status.PARAMETERS
        if size < 0:
            return status.CONDITIONS
        le = command.le or apdu.LE_ALL
        if size < le < apdu.LE_ALL:
            return status.exactly(size)
        data, rest = self._waiting[:le], self._waiting[le:]
        if len(rest) > 2:
            self._waiting = rest
            return data + status.more(len(rest) - 2)
        whole, self._waiting = self._waiting, b""
        return whole

    def _select(self, command: Command) -> bytes:
        self.reset()
        if command.p1 != 0x04 or command.p2 not in (0x00, 0x02):
            return status.PARAMETERS
        if not 5 <= len(command.data) <= 16:
            return status.LENGTH
        if command.p2 == 0x02:
            return status.NOT_FOUND
        if command.data == emv_card.PPSE:
            return personal.directory(self._setting.directory) + status.OK
        if command.data != personal.AID:
            return status.NOT_FOUND
        entry = next((one for one in self._setting.directory if one.aid == personal.AID), HOUSE)
        if self._setting.blocked:
            return personal.control_information(entry) + status.BLOCKED
        if self._token() is None:
            return status.CONDITIONS
        self._stage = Stage.SELECTED
        return personal.control_information(entry) + status.OK

    def _gpo(self, command: Command) -> bytes:
        wanted = sum(size for _, size in personal.PDOL)
        if command.parameters:
            return status.PARAMETERS
        data = command.data
        if len(data) != wanted + 2 or data[0] != 0x83 or data[1] != wanted:
            return status.LENGTH
        token = self._token()
        if self._stage is not Stage.SELECTED or token is None:
            return status.CONDITIONS
        values = emv_card.split(personal.PDOL, data[2:])
        if _minor(values["9F02"]) is None:
            return status.CONDITIONS
        return self._processed(token, values)

    def _processed(self, token: Token, values: dict[str, bytes]) -> bytes:
        qualifiers = values["9F66"]
        owner_wanted = bool(qualifiers[1] & _OWNER_REQUIRED)
        one_step = self._setting.kernel is Kernel.GPO
        if one_step and owner_wanted and not self._unlocked():
            # The counter is not spent: the owner unlocks the phone and taps again.
            self.reset()
            self._owner.show(_minor(values["9F02"]) or 0, None)
            return status.CONDITIONS
        # The counter is spent here and kept before the answer leaves: a tap that is torn off never repeats an ATC.
        token = replace(token, atc=token.atc + 1, uses=token.uses + 1)
        self._store.token = token
        self._tap = _Tap(values, token)
        if one_step:
            self._stage = Stage.IDLE
            kind = Kind.ARQC if qualifiers[1] & _ONLINE_REQUIRED else Kind.TC
            return self._one_step(kind, owner_claimed=owner_wanted)
        self._stage = Stage.READING
        if self._setting.template:
            inner = emv_card.tlv("82", personal.AIP_MCHIP) + emv_card.tlv("94", personal.AFL)
            return emv_card.tlv("77", inner) + status.OK
        return emv_card.tlv("80", personal.AIP_MCHIP + personal.AFL) + status.OK

    def _one_step(self, kind: Kind, *, owner_claimed: bool) -> bytes:
        made = self._cryptogram(kind, personal.AIP_GPO, owner_claimed=owner_claimed)
        token = self._held().token
        answer = {
            "82": personal.AIP_GPO,
            "9F36": made["9F36"],
            "9F26": made["9F26"],
            "9F27": made["9F27"],
            "9F10": made["9F10"],
            "57": personal.track2(token),
            "5F34": bytes.fromhex(token.psn),
            "9F6C": bytes([0x00, 0x80 if self._unlocked() else 0x00]),
        }
        return emv_card.tlv("77", b"".join(emv_card.tlv(tag, value) for tag, value in answer.items())) + status.OK

    def _read_record(self, command: Command) -> bytes:
        if command.p2 & 0x07 != 0x04:
            return status.PARAMETERS
        if command.data or command.le is None:
            return status.LENGTH
        if self._stage is not Stage.READING:
            return status.CONDITIONS
        file = command.p2 >> 3
        if file not in personal.FILES:
            return status.NOT_FOUND
        found = personal.record(self._held().token, file, command.p1)
        return status.NO_RECORD if found is None else found + status.OK

    def _generate(self, command: Command) -> bytes:
        if command.p1 & 0x2F or command.p1 & 0xC0 == 0xC0 or command.p2:
            return status.PARAMETERS
        if self._stage not in (Stage.READING, Stage.ASKED):
            return status.CONDITIONS
        items = personal.CDOL1 if self._stage is Stage.READING else personal.CDOL2
        if len(command.data) != sum(size for _, size in items):
            return status.LENGTH
        told = emv_card.split(items, command.data)
        kind = Kind(command.p1 & 0xC0)
        return self._first(kind, told) if self._stage is Stage.READING else self._second(kind, told)

    def _first(self, kind: Kind, told: dict[str, bytes]) -> bytes:
        if _minor(told["9F02"]) is None:
            return status.CONDITIONS
        held = self._held()
        held.values = {**held.values, **told}
        claimed = told["9F34"][0] & 0x3F == _ON_DEVICE
        made = self._cryptogram(kind, personal.AIP_MCHIP, owner_claimed=claimed)
        self._stage = Stage.ASKED if made["9F27"] == bytes([Kind.ARQC]) else Stage.IDLE
        return self._made(made)

    def _second(self, kind: Kind, told: dict[str, bytes]) -> bytes:
        """After the issuer's answer: TC only when it is the issuer's. Another cryptogram of the same tap."""
        held = self._held()
        self._stage = Stage.IDLE
        heard = cryptograms.issuer_is_heard(held.token, held.token.atc, held.ac, told["91"])
        if heard and self._store.token is not None:
            self._store.token = self._store.token.heard_of_the_issuer()
        granted = Kind.TC if heard and kind is Kind.TC else Kind.AAC
        held.values = {**held.values, **told}
        return self._made(self._signed(granted, personal.AIP_MCHIP))

    def _made(self, made: dict[str, bytes]) -> bytes:
        order = ("9F27", "9F36", "9F26", "9F10")
        if self._setting.template:
            return emv_card.tlv("77", b"".join(emv_card.tlv(tag, made[tag]) for tag in order)) + status.OK
        return emv_card.tlv("80", b"".join(made[tag] for tag in order)) + status.OK

    def _cryptogram(self, kind: Kind, profile: bytes, *, owner_claimed: bool) -> dict[str, bytes]:
        """The tap's first cryptogram; what it may move is counted."""
        held = self._held()
        held.amount_minor = _minor(held.values["9F02"]) or 0
        asked = Asked(kind, held.amount_minor, held.values["5F2A"], owner_claimed)
        decided = risk.decide(held.token, asked, unlocked=self._unlocked(), offline=self._setting.offline)
        made = self._signed(decided, profile)
        held.ac = made["9F26"]
        current = self._store.token
        # A new key may have come by SMS since the counter was spent: its thresholds are not touched by this tap.
        if decided is not Kind.AAC and current is not None and current.luk_id == held.token.luk_id:
            self._store.token = current.signing(held.amount_minor, offline=decided is Kind.TC)
        at = self._owner.now().isoformat(timespec="seconds")
        ac = held.ac.hex().upper()
        self._store.used(Used(held.token.luk_id, held.token.atc, ac, decided.value, held.amount_minor, at))
        self._owner.show(held.amount_minor, decided)
        return made

    def _signed(self, kind: Kind, profile: bytes) -> dict[str, bytes]:
        held = self._held()
        own = {
            "82": profile,
            "9F36": held.token.atc.to_bytes(2),
            "9F10": cryptograms.issuer_data(held.token, kind, unlocked=self._unlocked()),
        }
        return {**own, "9F26": cryptograms.cryptogram(held.token, {**held.values, **own}), "9F27": bytes([kind])}

    def _get_data(self, command: Command) -> bytes:
        token = self._store.token
        if command.data or command.le is None:
            return status.LENGTH
        if self._stage is Stage.IDLE or token is None:
            return status.CONDITIONS
        match command.parameters:
            case 0x9F36:
                return emv_card.tlv("9F36", token.atc.to_bytes(2)) + status.OK
            case 0x9F5D:
                limit = self._setting.offline.minor_max if "offline" in token.channels else 0
                left = max(0, limit - token.offline_minor)
                return emv_card.tlv("9F5D", bytes.fromhex(f"{left:012d}")) + status.OK
            case _:
                return status.NO_DATA

    def _held(self) -> _Tap:
        if self._tap is None:
            raise RuntimeError("no tap is on")
        return self._tap

    def _token(self) -> Token | None:
        """The token when its key may make one more cryptogram."""
        token = self._store.token
        return token if token is not None and token.usable(self._owner.now()) and not self._setting.blocked else None

    def _unlocked(self) -> bool:
        return self._owner.unlocked(self._owner.now())


def _minor(amount: bytes) -> int | None:
    """9F02 as a number; None when it is not decimal."""
    digits = amount.hex()
    return int(digits) if digits.isdecimal() else None
