"""Seeds the demo through the services themselves, as a branch would: codes, PINs, cash, a merchant, a terminal.

The secrets of the seeded people and staff are made at random, so no two demos share one; they are kept in
`demo.json` of the data folder (mode 0600), because the demo must print them again at each start.
"""

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
from sqlalchemy import Connection

from gateway.app import House, built
from gateway.demo import bank, signatures
from gateway.demo.files import write_private
from gateway.demo.wires import carrier_tables
from gateway.services.banking import read_bank_profile
from gateway.services.benefits import AttesterSort
from gateway.services.people import BranchPurpose, PinForm
from gateway.services.providers import LIST_KIND, REGISTRATION_KIND, Price, ProviderKind
from gateway.services.staff import NewStaff, Role
from gateway.services.telling import NoticeValue
from gateway.settings import Settings
from wallet.clock import SystemClock
from wallet.ids import new_id
from wallet.money import irr
from wallet.opening import open_books

FACTS = "demo.json"
SEEDER = "stf_demo"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the demo; `pin` is None for one who is not enrolled."""

    msisdn: str
    national_number: str
    who: str
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A member of the demo's staff; `msisdn` is of the phone that signs, '' for none."""

    username: str
    roles: list[str]
    password: str = field(repr=False)
    totp_seed: str = field(repr=False)
    name: str = ""
    msisdn: str = ""
    sign_pin: str = field(default="", repr=False)

    def code_now(self) -> str:
        """A one-time code that works for half a minute."""
        return pyotp.TOTP(self.totp_seed).at(SystemClock().now())


@dataclass(frozen=True, slots=True)
class DemoTerminal:
    """The pharmacy's terminal and its key."""

    id: str
    merchant_id: str
    merchant_name: str
    key_hex: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoSender:
    """Who may send text messages by e-mail, and his token."""

    address: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the demo knows about its own secrets.

    `sender` is None in a folder that is older than the letters' door, `mssp_password` '' in one that is older than
    signing by phone, `till` '' in one that is older than the doctor's.
    """

    people: list[DemoPerson]
    staff: list[DemoStaff]
    terminal: DemoTerminal
    sender: DemoSender | None = None
    mssp_password: str = field(default="", repr=False)
    till: str = ""


def read_facts(data_dir: Path) -> Facts | None:
    """The facts of a seeded data folder."""
    path = data_dir / FACTS
    if not path.exists():
        return None
    raw = json.loads(path.read_text("utf-8"))
    return Facts(
        [DemoPerson(**row) for row in raw["people"]],
        [DemoStaff(**row) for row in raw["staff"]],
        DemoTerminal(**raw["terminal"]),
        DemoSender(**raw["sender"]) if raw.get("sender") else None,
        raw.get("mssp_password", ""),
        raw.get("till", ""),
    )


async def seed(settings: Settings) -> Facts:
    """Seed the data folder unless it is seeded; embedded databases are made aside and moved in place when complete."""
    known = read_facts(settings.data_dir)
    if known is not None:
        return known
    aside = settings.data_dir.with_name(f".{settings.data_dir.name}-seeding")
    _empty(aside)
    # Nobody signs while the demo is made; the simulators' authority is not there yet.
    facts = await _seed(settings.model_copy(update={"data_dir": aside, "mssp_url": ""}))
    write_private(aside / FACTS, json.dumps(asdict(facts), indent=1))
    for made in sorted(aside.iterdir(), key=lambda path: path.name == FACTS):
        os.replace(made, settings.data_dir / made.name)  # noqa: PTH105 - Path.replace is the same call
    aside.rmdir()
    return facts


def write_world(settings: Settings, facts: Facts, path: Path) -> None:
    """The simulators' configuration: our addresses, and the terminal with its key."""
    at_bank, _ = read_bank_profile(settings.bank_profile_file)
    rows: dict[str, str | int] = {
        "gateway_url": f"http://{settings.http_host}:{settings.http_port}",
        "ussd_path_secret": settings.ussd_path_secret.get_secret_value(),
        "service_code": settings.service_code,
        "iso8583_host": settings.iso8583_host,
        "iso8583_port": settings.iso8583_port,
        "lab_port": settings.lab_port,
        "registry_port": registry_port(settings),
        "bank_port": bank.port(settings),
        "bank_token": settings.bank_token.get_secret_value(),
        "bank_iban": at_bank.iban,
        "bank_owner": at_bank.debtor,
        "bank_balance": _demo()["opening"]["trust_bank_minor"],
        "smsc_port": settings.smsc_port,
        "smsc_system_id": settings.smsc_system_id,
        "smsc_password": settings.smsc_password.get_secret_value(),
        "smsc_code": settings.sms_sender,
        "mail_port": settings.mail_port,
        "data_dir": str(settings.data_dir / signatures.FOLDER),
        **signatures.world_rows(settings, facts.mssp_password),
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in rows.items()]
    terminal = facts.terminal
    lines += [
        "",
        # A person who wants the carriers or the SMSC to misbehave from the start writes keys into these tables.
        "[carrier_faults]",
        "seed = 0",
        "",
        "[smsc_faults]",
        "seed = 0",
        "",
        "[bank_faults]",
        "seed = 0",
        "",
        "[[terminal]]",
        f"id = {json.dumps(terminal.id)}",
        f"merchant_id = {json.dumps(terminal.merchant_id)}",
    ]
    lines += [f"merchant_name = {json.dumps(terminal.merchant_name)}", f'key = "{terminal.key_hex}"']
    # The lab shows the first of them: whoever signs payments.
    signers = sorted(facts.staff, key=lambda one: Role.SIGNATORY not in one.roles)
    lines += signatures.signer_tables((one.msisdn, one.name, one.sign_pin) for one in signers if one.msisdn)
    lines += carrier_tables(settings)
    write_private(path, "\n".join(lines) + "\n")


def _demo() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("demo.toml").read_text("utf-8"))


def registry_port(settings: Settings) -> int:
    """Port of `registry_url`, where the demo's registry simulator listens."""
    return urlsplit(settings.registry_url).port or 80


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        left.unlink()


class Listener:
    """A Teller that hears the seeded people's one-time codes instead of sending them."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

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
        """Remember the code; nothing goes into the outbox."""
        if "code" in secrets:
            self.codes[msisdn] = secrets["code"]
        return lambda _tx: True


async def _seed(settings: Settings) -> Facts:
    rows = _demo()
    listener = Listener()
    async with built(settings, SystemClock(), teller=listener) as house:
        await open_books(
            house.ledger, house.chart, irr(rows["opening"]["trust_bank_minor"]), new_id("opn", house.clock)
        )
        staff = [await _staff(house, row) for row in rows["staff"]]
        for row in rows["budget"]:
            await house.payouts.appropriate(row["line"], irr(row["given_minor"]), SEEDER, row["reason"])
        people = [await _person(house, listener, row) for row in rows["person"]]
        terminal = await _terminal(house, rows["merchant"])
        for row in rows["attester"]:
            sort = AttesterSort(row["kind"])
            await house.attesters.add(row["code"], sort, row["name"], row["msisdn"], SEEDER, language=row["language"])
        till = await _provider(house, rows["provider"])
        sender = await house.forwarding.add(rows["sender"]["address"], rows["sender"]["name"])
    return Facts(people, staff, terminal, DemoSender(sender.address, sender.token), secrets.token_urlsafe(16), till)


async def _staff(house: House, row: Mapping[str, Any]) -> DemoStaff:
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    roles = [Role(name) for name in row["roles"]]
    made = await house.staff.create(row["username"], row["name"], roles, password, branch=row.get("branch", ""))
    assert isinstance(made, NewStaff), f"the demo's staff was refused: {made}"
    pin = f"{secrets.randbelow(1_000_000):06d}"
    return DemoStaff(row["username"], row["roles"], password, made.totp_seed, row["name"], row.get("msisdn", ""), pin)


async def _person(house: House, listener: Listener, row: Mapping[str, Any]) -> DemoPerson:
    msisdn, national_number = row["msisdn"], row["national_number"]
    if "wallet_minor" not in row:
        return DemoPerson(msisdn, national_number, row["who"])
    pin = await admit(house, listener, row)
    return DemoPerson(msisdn, national_number, row["who"], pin)


async def admit(house: House, listener: Listener, row: Mapping[str, Any]) -> str:
    """Enrol a person at a branch, with cash in the wallet and this month's invoice; the PIN."""
    msisdn, national_number = row["msisdn"], row["national_number"]
    code = await house.people.issue_branch_code(
        BranchPurpose.ACTIVATE,
        msisdn,
        national_number,
        SEEDER,
        name=row["name"],
        name_fa=row["name_fa"],
        branch="tehran-01",
    )
    await house.people.activate(msisdn, code, row["language"])
    await house.people.confirm_code(msisdn, listener.codes[msisdn])
    person = await house.people.by_msisdn(msisdn)
    assert person is not None
    pin = await _choose_pin(house, person.id)
    if "email" in row:
        await house.people.set_email(person.id, row["email"], SEEDER)
    await house.payments.cash_in(person.id, irr(row["wallet_minor"]), "tehran-01", SEEDER, f"demo:{msisdn}")
    await house.payments.make_invoice(
        person.id, house.period_now(), irr(house.settings.contribution_monthly_minor), SEEDER
    )
    return pin


async def _choose_pin(house: House, person_id: str) -> str:
    while True:
        pin = f"{secrets.randbelow(10_000):04d}"
        if await house.people.offer_pin(person_id, pin) is PinForm.OK:
            await house.people.repeat_pin(person_id, pin)
            return pin


async def _terminal(house: House, row: Mapping[str, str]) -> DemoTerminal:
    owner = await house.people.by_msisdn(row["owner"])
    assert owner is not None
    merchant = await house.merchants.register_merchant(row["name"], owner.id, row["city"], category=row["category"])
    await house.merchants.set_iban(merchant.id, row["iban"], SEEDER, row["reason"])
    await house.merchants.set_fee_class(merchant.id, row["fee_class"])
    key = await house.merchants.register_terminal(merchant.id, row["terminal"])
    return DemoTerminal(row["terminal"], key.merchant_number, merchant.name, key.key.hex())


async def _provider(house: House, row: Mapping[str, Any]) -> str:
    """Register a doctor with prices, a second person agreeing to both; the till code."""
    kind = ProviderKind(row["kind"])
    made = await house.providers.register(
        row["name"], kind, row["msisdn"], row["iban"], staff_id=SEEDER, language=row["language"], email=row["email"]
    )
    prices = [
        Price(one["code"], one["title"], irr(one["price_minor"]), one["cover_percent"], one["quantity_max"])
        for one in row["prices"]
    ]
    # From the first of January before, so that visits of the demo's first day have prices in every time zone.
    await house.providers.propose_prices(kind, date(house.clock.now().year - 1, 1, 1), prices, SEEDER)
    checker = next(one for one in await house.staff.members() if Role.PROVIDERS_OFFICER in one.roles)
    for kind_ in (REGISTRATION_KIND, LIST_KIND):
        for waiting in await house.approvals.list_pending(limit=9, kind=kind_):
            await house.approvals.approve(waiting.id, checker)
    return made.till
