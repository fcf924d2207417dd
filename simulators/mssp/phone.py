"""A phone whose SIM signs: it shows a text, asks for the PIN and signs with the key that never leaves it.

The phone of a test answers by `await type_pin(…)` or `cancel()`; one with a habit answers by itself.
"""

import asyncio
import json
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulators.files import write_private
from simulators.mssp.authority import Authority, Issued, PrivateKey, issued_of, system_clock
from simulators.mssp.codes import Code

PIN_TRIES = 3
RECEIPTS_MAX = 20
RSA_BITS = 2_048
_CODE = re.compile(r"\b[A-Z]{3}-[A-Z0-9]{4}\b")


class KeyKind(StrEnum):
    """What key the SIM has."""

    EC = "ec"
    RSA = "rsa"


class Habit(StrEnum):
    """Who answers."""

    WAITS = "waits"
    """The person, or the test."""
    SIGNS = "signs"
    CANCELS = "cancels"


class Said(StrEnum):
    """What the phone shows after the last request, or after a key."""

    NOTHING = "nothing"
    WRONG_PIN = "wrong_pin"
    SIGNED = "signed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request on the screen; `digest` is what will be signed, SHA-256."""

    id: str
    text: str
    digest: bytes
    expires_at: datetime

    @property
    def code(self) -> str:
        """The code that the other screen shows too, as `TXN-3D5K`; '' if the text has none."""
        found = _CODE.search(self.text)
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class Done:
    """How a request ended; with SIGNATURE its CMS."""

    code: Code
    cms: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class _Open:
    prompt: Prompt
    make: Callable[[Issued], bytes]
    end: asyncio.Future[Done]
    timer: asyncio.TimerHandle | None = None


class SignPhone:
    """One person's SIM; what it holds survives a restart where there is a `folder`.

    Attributes:
        on: Whether the network reaches it.
        habit: Who answers.
        delay_s: From the PIN to the answer at the service.
        receipts: Texts that came after signatures, newest last.
    """

    def __init__(
        self,
        msisdn: str,
        name: str,
        authority: Authority,
        *,
        name_fa: str = "",
        key: KeyKind = KeyKind.EC,
        pin: str = "",
        folder: Path | None = None,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        """Without a `pin` the card comes with one of its own making; a card that is kept keeps what it has."""
        self.msisdn = msisdn
        self.name = name
        self.name_fa = name_fa or name
        self.on = True
        self.habit = Habit.WAITS
        self.delay_s = 0.0
        self.said = Said.NOTHING
        self.receipts: deque[str] = deque(maxlen=RECEIPTS_MAX)
        self.pin = pin or f"{secrets.randbelow(1_000_000):06d}"
        self.tries_left = PIN_TRIES
        self.revoked = False
        self._authority = authority
        self._kind = key
        self._clock = clock
        self._file = folder and folder / f"{msisdn.removeprefix('+')}.json"
        self._issued: Issued | None = None
        self._keyless = False
        self._open: _Open | None = None
        self._making = asyncio.Lock()
        self._changes = 0
        self._restore()

    @property
    def blocked(self) -> bool:
        """Whether the PIN was wrong too often."""
        return self.tries_left == 0

    @property
    def busy(self) -> bool:
        """Whether a request is on this SIM."""
        return self._open is not None

    @property
    def serial(self) -> str:
        """Serial number of the certificate, decimal digits; '' before its first use."""
        return str(self._issued.certificate.serial_number) if self._issued else ""

    @property
    def seen(self) -> str:
        """A mark that changes with everything the phone shows."""
        return f"{self._changes}.{int(self.on)}"

    def pending(self) -> Prompt | None:
        """The request on the screen, if there is one."""
        return self._open.prompt if self._open else None

    async def issued(self) -> Issued | None:
        """Key and certificate, made at the first use; None for a SIM without a key."""
        async with self._making:
            if self._issued is None and not self._keyless:
                # An RSA key takes a tenth of a second and more: not in the loop.
                key = await asyncio.to_thread(_new_key, self._kind)
                self._issued = self._authority.certify(key, self.name)
                self._changed()
        return self._issued

    def ask(self, prompt: Prompt, make: Callable[[Issued], bytes]) -> asyncio.Future[Done]:
        """Show a request; the future tells how it ended. `make` makes the signature of the SIM's key.

        One request at a time: whoever asks has looked at `busy`.
        """
        loop = asyncio.get_running_loop()
        self._open = opened = _Open(prompt, make, loop.create_future())
        left = max(0.0, (prompt.expires_at - self._clock()).total_seconds())
        opened.timer = loop.call_later(left, self._end, opened, Done(Code.EXPIRED_TRANSACTION), Said.EXPIRED)
        self._changed(Said.NOTHING)
        match self.habit:
            case Habit.SIGNS:
                loop.call_later(self.delay_s, self._sign, opened)
            case Habit.CANCELS:
                loop.call_later(self.delay_s, self._end, opened, Done(Code.USER_CANCEL), Said.CANCELLED)
            case Habit.WAITS:
                pass
        return opened.end

    async def type_pin(self, pin: str) -> Said:
        """Type the PIN and press OK; when it is right the request is signed on return."""
        opened = self._open
        if opened is None:
            return Said.NOTHING
        if not secrets.compare_digest(pin.encode(), self.pin.encode()):
            self.tries_left = max(0, self.tries_left - 1)
            self._changed(Said.WRONG_PIN)
            if self.blocked:
                self._end(opened, Done(Code.PIN_NR_BLOCKED), Said.BLOCKED)
            return self.said
        self.tries_left = PIN_TRIES
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        self._sign(opened)
        return self.said

    def cancel(self) -> None:
        """Press "no"."""
        if self._open is not None:
            self._end(self._open, Done(Code.USER_CANCEL), Said.CANCELLED)

    async def swap_sim(self) -> None:
        """A new SIM: another key, another certificate and serial number; the PIN is as before."""
        self._issued, self._keyless, self.revoked, self.tries_left = None, False, False, PIN_TRIES
        await self.issued()
        self._changed(Said.NOTHING)

    def switch(self, *, on: bool) -> None:
        """Switch the phone on or off; a request that it already shows goes on waiting."""
        self.on = on
        self._changed()

    def revoke(self) -> None:
        """The authority revokes the certificate."""
        self.revoked = True
        self._changed()

    async def expire(self) -> None:
        """The certificate runs out; the SIM signs with it all the same."""
        issued = await self.issued()
        if issued is not None:
            self._issued = self._authority.certify(issued.key, self.name, expired=True)
            self._changed()

    def lose_key(self) -> None:
        """A SIM that was never personalised."""
        self._issued, self._keyless = None, True
        self._changed()

    def told(self, text: str) -> None:
        """A receipt arrives."""
        self.receipts.append(text)
        self._changed()

    def _sign(self, opened: _Open) -> None:
        if self._open is not opened or self._issued is None:
            return
        self._end(opened, Done(Code.SIGNATURE, opened.make(self._issued)), Said.SIGNED)

    def _end(self, opened: _Open, done: Done, said: Said) -> None:
        if self._open is not opened:
            return
        self._open = None
        if opened.timer is not None:
            opened.timer.cancel()
        opened.end.set_result(done)
        self._changed(said)

    def _changed(self, said: Said | None = None) -> None:
        self._changes += 1
        if said is not None:
            self.said = said
        if self._file is None:
            return
        key, certificate = self._issued.pem() if self._issued else ("", "")
        kept = {
            "pin": self.pin, "tries_left": self.tries_left, "on": self.on, "revoked": self.revoked,
            "keyless": self._keyless, "key": key, "certificate": certificate,
        }  # fmt: skip
        write_private(self._file, json.dumps(kept))

    def _restore(self) -> None:
        if self._file is None or not self._file.exists():
            return
        kept: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        self.pin, self.tries_left, self.on = kept["pin"], kept["tries_left"], kept["on"]
        self.revoked, self._keyless = kept["revoked"], kept["keyless"]
        if kept["certificate"]:
            self._issued = issued_of(kept["key"], kept["certificate"])


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())
