"""A crowd of phones on bad networks: each person sends money, dials again when the network failed, and reads with care.

A person does what people do. Who typed a PIN and saw no answer dials again, believes the page with the result if it
comes, else waits for the SMS, and pays again only if there is none. So each person must have paid exactly once a round,
and no page or SMS may hold what is another's.
"""

import asyncio
import itertools
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from string import ascii_lowercase

from gateway.app import built
from gateway.demo import seed
from gateway.services.dialogues import Closing
from gateway.services.dialogues.texts import closing_text
from simulators.carriers import Carrier, Screen
from simulators.people import Person
from simulators.phone import Phone
from tests.journeys.town import Town
from wallet.clock import SystemClock

CODE = "*1420#"
PAID_IN = 100_000
TOLD_S = 30.0
"""How long a person waits for an SMS before believing that nothing was sent; a busy machine is late with many."""
DIALS_MAX = 30
ENROLLED_AT_ONCE = 24
THINKS_S = (0.3, 2.5)
"""How long a person reads a page; nobody here is slow."""
BUSY = {
    closing_text(closing, language): closing.value
    for closing in (Closing.FAILED, Closing.BUSY)
    for language in ("en", "fa")
} | {"This takes a little longer. An SMS will tell you the result. Please do not repeat it.": "late"}
BUSY["The service does not answer now. Please dial again later and check before you repeat anything."] = "unavailable"
"""What a machine says that has more to do than time: words, to dial again or to look first; never an error page."""
NETWORK = {"the network dropped the session", "no dialogue is open", "the application answered 429", *BUSY.values()}
"""What may fail: the network, as it was told to, and the hop budget of a busy machine. Anything else is a defect."""
OFFER, MENU, TO = "Your last session was cut off.", "1. Balance", "Mobile number to send money to?"
_AMOUNT = re.compile(r"^To (?P<name>.+)\. Amount in rials\?")
_PIN = re.compile(r"^Send (?P<amount>[\d,]+) rials to (?P<name>.+)\? Type your PIN")
_SENT = re.compile(r"^Sent: (?P<amount>[\d,]+) rials\nBalance: (?P<balance>[\d,]+) rials\nReference: (?P<ref>\w+)")
_SMS_SENT = re.compile(r"^You sent (?P<amount>[\d,]+) rials")
_SMS_CAME = re.compile(r"^(?P<amount>[\d,]+) rials has come into")


def national_number(index: int) -> str:
    """A valid Iranian national number; its check digit is the weighted sum modulo 11."""
    digits = f"{200_000_000 + index * 37:09d}"
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"


@dataclass
class Sender:
    """One person. `amount` is nobody else's, and so is the masked name, so that a mixed-up text is known at once."""

    index: int
    carrier: Carrier
    pin: str = ""
    amount: int = 0
    agreed: int = 0
    references: list[str] = field(default_factory=list)
    menus: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    walk: list[str] = field(default_factory=list)
    phone: Phone = field(init=False)
    thinks: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.amount = 1_000 + self.index
        self.thinks = random.Random(self.index)  # noqa: S311 - nothing secret
        self.phone = Phone(
            Person(self.msisdn, national_number(self.index), self.name, "", "", "", nfc=False), self.carrier
        )

    @property
    def msisdn(self) -> str:
        return f"+98913{self.index:07d}"

    @property
    def name(self) -> str:
        first, last = divmod(self.index, 26)
        return f"{ascii_lowercase[first].upper()}aa{ascii_lowercase[last]} Omid"

    @property
    def masked(self) -> str:
        first, last = divmod(self.index, 26)
        return f"{ascii_lowercase[first].upper()}***{ascii_lowercase[last]} O***d"

    def told(self, form: re.Pattern[str]) -> list[int]:
        """Amounts of the SMS of this form that came."""
        found = [form.match(message.text) for message in self.phone.inbox]
        return [amount_of(match) for match in found if match is not None]

    async def send(self, payee: "Sender") -> None:
        """Send the amount once, however often the network fails."""
        before, sure = len(self.told(_SMS_SENT)), self.agreed
        for _ in range(DIALS_MAX):
            screen = await self.carrier.dial(self.msisdn, CODE)
            if self.agreed > sure and screen.open and not screen.text.startswith(("Sent:", OFFER)):
                if await self._has_more_sms(before):
                    self.carrier.cancel(self.msisdn)
                    return
                sure = self.agreed
            while screen.failed is None and (screen.open or screen.text not in BUSY):
                typed = self._typed(screen, payee)
                if typed is None:
                    self.carrier.cancel(self.msisdn)
                    return
                self.walk.append(f"{screen.text!r} -> {typed}")
                await asyncio.sleep(self.thinks.uniform(*THINKS_S))
                screen = await self.carrier.answer(self.msisdn, typed)
            failed = screen.failed or BUSY[screen.text]
            self.walk.append(failed)
            self.failures[failed] += 1
        raise AssertionError(f"{self.msisdn} dialled {DIALS_MAX} times: {self.failures}")

    async def _has_more_sms(self, before: int) -> bool:
        until = asyncio.get_running_loop().time() + TOLD_S
        while len(self.told(_SMS_SENT)) == before:
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.05)
        return True

    def _typed(self, screen: Screen, payee: "Sender") -> str | None:
        """What this person types on a page, None when the money is sent; a page that is another's is noted."""
        text = screen.text
        if text.startswith((OFFER, *BUSY)):
            # What an earlier session said and nobody saw comes first, and any answer leads on.
            return "1"
        if text.startswith(MENU):
            self.menus.add(text)
            return "4"
        if text == TO or text.startswith(f"{TO}\n"):
            return payee.msisdn
        if match := _AMOUNT.match(text):
            self._expect(text, mine=match["name"] == payee.masked)
            return str(self.amount)
        if match := _PIN.match(text):
            self._expect(text, mine=match["name"] == payee.masked and amount_of(match) == self.amount)
            self.agreed += 1
            return self.pin
        if match := _SENT.match(text):
            self._expect(text, mine=amount_of(match) == self.amount)
            self.references.append(match["ref"])
            return None
        self._expect(text, mine=False)
        return None

    def _expect(self, text: str, *, mine: bool) -> None:
        if not mine:
            self.wrong.append("\n".join([self.carrier.line.name, *self.walk, text]))


def amount_of(match: re.Match[str]) -> int:
    """The amount that was read, in rials."""
    return int(match["amount"].replace(",", ""))


async def admitted(town: Town, count: int) -> list[Sender]:
    """So many people more, enrolled and funded, spread over the carriers; the gateway must not run meanwhile."""
    carriers = itertools.cycle(town.world.carriers.values())
    crowd = [Sender(index, next(carriers)) for index in range(count)]
    listener, turns = seed.Listener(), asyncio.Semaphore(ENROLLED_AT_ONCE)
    async with built(town.settings, SystemClock(), teller=listener) as house, asyncio.TaskGroup() as group:

        async def admit(one: Sender) -> str:
            row = {
                "msisdn": one.msisdn, "national_number": national_number(one.index), "name": one.name,
                "name_fa": one.name, "language": "en", "wallet_minor": PAID_IN,
            }  # fmt: skip
            async with turns:
                return await seed.admit(house, listener, row)

        pins = [group.create_task(admit(one)) for one in crowd]
    for one, pin in zip(crowd, pins, strict=True):
        one.pin = pin.result()
        town.world.phones[one.msisdn] = one.phone
    return crowd


async def everybody_sends(crowd: list[Sender], rounds: int, within_s: float) -> None:
    """Each to the next; everybody begins within so many seconds, so that most are in the middle at once."""

    async def rounds_of(one: Sender, payee: Sender) -> None:
        await asyncio.sleep(one.thinks.uniform(0, within_s))
        for _ in range(rounds):
            await one.send(payee)

    async with asyncio.TaskGroup() as group:
        for one, payee in zip(crowd, crowd[1:] + crowd[:1], strict=True):
            group.create_task(rounds_of(one, payee))


async def everybody_is_told(crowd: list[Sender], rounds: int, timeout_s: float) -> None:
    """Wait for the SMS of all payments; each names the amounts of its reader and of who pays him alone."""
    async with asyncio.timeout(timeout_s):
        for one in crowd:
            while [len(one.told(form)) for form in (_SMS_SENT, _SMS_CAME)] < [rounds, rounds]:  # noqa: ASYNC110 - SMS come when they come
                await asyncio.sleep(0.05)
    for one, payer in zip(crowd, crowd[-1:] + crowd[:-1], strict=True):
        told = [message.text for message in one.phone.inbox]
        assert one.told(_SMS_SENT) == [one.amount] * rounds, (one.walk, told)
        assert one.told(_SMS_CAME) == [payer.amount] * rounds, (payer.walk, told)
