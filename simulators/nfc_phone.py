"""A phone with NFC: it fetches a token with an activation code, keeps it in keys, and pays by host card emulation.

The card application is `simulators.nfc.application`; how a reader reaches it, `simulators.nfc.transports`.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag

from simulators.nfc import apdu as apdus
from simulators.nfc import sealed
from simulators.nfc.application import CardApplication, Setting
from simulators.nfc.device import KeyKind
from simulators.nfc.faults import CardFaults
from simulators.nfc.risk import Kind
from simulators.nfc.sealed import unseal
from simulators.nfc.service import NO_TOKEN, Provisioned, TokenService
from simulators.nfc.token import Profile, Token
from simulators.nfc.wallet import Wallet
from simulators.trace import Trace

SERVICE_CODE = "*1420#"
RETRY_S = 30.0

__all__ = ["Kind", "NfcPhone", "Profile", "Provisioned", "Token", "unseal"]


class Dialler(Protocol):
    """The same owner's keypad and screen: the feature phone of the same number is one."""

    @property
    def page(self) -> str:
        """What the screen shows."""
        ...

    def hang_up(self) -> None:
        """End an open dialogue."""
        ...

    async def press(self, entry: str) -> None:
        """Dial."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What the owner sees of the last tap; `kind` None: the phone is to be unlocked first."""

    amount_minor: int
    kind: Kind | None
    at: datetime


class NfcPhone:
    """One phone. `cdcvm` says whether its owner has unlocked it; `folder` keeps the token over restarts, mode 0600.

    `cdcvm_max_age_s` is how long an unlocking counts; None, as long as the phone is held unlocked. `clock` is replaced
    in tests; `faults.clock_skew_s` is added to what it says. `state` is the token's, as the service last told it.
    """

    def __init__(
        self,
        msisdn: str,
        api_url: str,
        trace: Trace,
        *,
        folder: Path | None = None,
        setting: Setting | None = None,
        key_kind: KeyKind = KeyKind.ED25519,
        service_code: str = SERVICE_CODE,
    ) -> None:
        self.msisdn = msisdn
        self.setting = setting or Setting()
        self.faults = CardFaults()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.cdcvm_max_age_s: int | None = None
        self.shown: Shown | None = None
        self.wallet = Wallet(folder / f"nfc-{msisdn.lstrip('+')}.json" if folder is not None else None, key_kind)
        self.state = ""
        self._service_code = service_code
        self._trace = trace
        self._service = TokenService(api_url, trace, self.wallet)
        self._card = CardApplication(self.wallet, self, self.setting)
        self._unlocked_at: datetime | None = self.now()
        self._wanted = asyncio.Event()

    @property
    def token(self) -> Token | None:
        """The token, with the key that the next tap uses."""
        return self.wallet.token

    @token.setter
    def token(self, token: Token | None) -> None:
        self.wallet.token = token

    @property
    def cdcvm(self) -> bool:
        """Whether the owner unlocked the phone, recently enough; setting it is unlocking or locking it now."""
        return self.unlocked(self.now())

    @cdcvm.setter
    def cdcvm(self, unlocked: bool) -> None:
        self._unlocked_at = self.now() if unlocked else None

    def now(self) -> datetime:
        """The phone's clock."""
        return self.clock() + timedelta(seconds=self.faults.clock_skew_s)

    def unlocked(self, now: datetime) -> bool:
        """Whether an unlocking still counts at `now`."""
        if self._unlocked_at is None:
            return False
        age_s = (now - self._unlocked_at).total_seconds()
        return self.cdcvm_max_age_s is None or age_s <= self.cdcvm_max_age_s

    def show(self, amount_minor: int, kind: Kind | None) -> None:
        """The amount of a tap, and what the phone said to it, on its screen."""
        self.shown = Shown(amount_minor, kind, self.now())

    @property
    def key_is_wanted(self) -> bool:
        """Whether the key is near one of its ends."""
        return self.token is not None and self.token.near_its_end(self.now())

    def tap(self) -> None:
        """The field of a reader: the card application starts anew, as after each activation."""
        self._card.reset()

    def transceive(self, apdu: bytes) -> bytes:
        """Answer one command APDU (ISO/IEC 7816-4 5.1): data and status word. Faults are the transports' affair."""
        answer = self._card.answer(apdu)
        name = apdus.name(apdu)
        self._trace.record("apdu", name, apdu.hex(" ").upper(), outbound=True)
        self._trace.record("apdu", f"{name}: {answer[-2:].hex().upper()}", answer.hex(" ").upper(), outbound=False)
        if self.key_is_wanted:
            self._wanted.set()
        return answer

    async def provision(self, activation_code: str, national_digits: str = "") -> Provisioned:
        """Ask for a token with the code (8 digits) that the owner was shown; a token that was here is replaced."""
        self._service.skew_s = self.faults.clock_skew_s
        return await self._service.provision(self.msisdn, activation_code, national_digits)

    async def replenish(self, activation_code: str = "") -> Provisioned:
        """Pull the next key over the data connection, with the proof of the last one's use."""
        self._service.skew_s = self.faults.clock_skew_s
        return await self._service.replenish(activation_code)

    @property
    def service(self) -> TokenService:
        """The other calls that the device key signs."""
        return self._service

    async def look(self) -> Provisioned:
        """Ask what the service thinks of the token; `state` says it then."""
        self._service.skew_s = self.faults.clock_skew_s
        told = await self._service.state()
        if isinstance(told, Provisioned):
            return told
        self.state = str(told.get("state", ""))
        return Provisioned(ok=True)

    def read_messages(self, texts: Iterable[str]) -> Provisioned:
        """Look through SMS, newest first, for one with a key; what the first such one was."""
        found = next((text for text in texts if sealed.compact_in(text)), "")
        return self.receive(found)

    def receive(self, text: str) -> Provisioned:
        """An SMS: one with a key in its compact form is taken, every other left alone."""
        raw, token = sealed.compact_in(text), self.token
        if raw is None:
            return Provisioned(ok=False, code="no_key", detail=text[:200])
        if token is None:
            return NO_TOKEN
        wallet = self.wallet
        try:
            key = sealed.from_compact(
                raw, number=wallet.number, token_id=token.token_id, seal_key=wallet.seal_key, keys=wallet.keys
            )
        except (InvalidTag, ValueError):
            self._trace.record("token", "a key by SMS or USSD that is not for this phone", outbound=False)
            return Provisioned(ok=False, code="not_mine", detail="not for this phone")
        return Provisioned(ok=True) if wallet.take(key) else Provisioned(ok=False, code="known_key", detail=key.luk_id)

    @property
    def dial_string(self) -> str:
        """What is dialled for the next key where there is no data connection; '' without a token that has keys."""
        try:
            _, atc, _, proof = self.wallet.proof()
        except ValueError:
            return ""
        digits = f"{int.from_bytes(proof) % 10**8:08d}"
        return f"{self._service_code.removesuffix('#')}*0*{self.wallet.number}*{atc}*{digits}#"

    async def replenish_by_dialling(self, dialler: Dialler) -> Provisioned:
        """Dial for the next key, and read it from the page."""
        code = self.dial_string
        if not code:
            return NO_TOKEN
        dialler.hang_up()
        await dialler.press(code)
        return self.receive(dialler.page)

    async def run(self, retry_s: float = RETRY_S) -> None:
        """After a tap that brought the key near its end, pull the next one; until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self.key_is_wanted and not (await self.replenish()).ok:
                await asyncio.sleep(retry_s)
                self._wanted.set()
