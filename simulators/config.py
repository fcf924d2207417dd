"""The simulators' configuration: one TOML file, whose every key is known."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from simulators.bank import Format, Terms, iban
from simulators.carriers import FORMS
from simulators.faults import BankFaults, CarrierFaults, MsspFaults, SmscFaults
from simulators.mssp import KeyKind
from simulators.smsc import IdForm, ReceiptForm
from simulators.terminal import TerminalConfig
from simulators.till.dialects import Framing
from simulators.till.kernel import Limits, Rules

F = TypeVar("F", SmscFaults, CarrierFaults, BankFaults, MsspFaults)


SMPP = "smpp"
"""The wire of phones that dial over the SMSC."""


class ConfigError(ValueError):
    """A configuration that cannot be used; says which key."""


@dataclass(frozen=True, slots=True)
class CarrierConfig:
    """A wire that the gateway serves at `/ussd/{name}[/{secret}]`, and a carrier that speaks it.

    Attributes:
        wire: Its form; `smpp` is over the binds of the SMSC.
        name: The gateway's name of it, '' where that is the form's.
        secret: The last part of the path.
        reports: Whether the provider accounts for sessions that are over, where it can.
        user: The house's name at the provider, where its wire has one.
        password: What it proves itself by in what it sends, where its wire has a place for it.
        port: Where the gateway sends pages that are no answers; 0 is any.
    """

    wire: str
    name: str = ""
    secret: str = field(default="", repr=False)
    reports: bool = False
    user: str = "tapdial"
    password: str = field(default="", repr=False)
    port: int = 0


@dataclass(frozen=True, slots=True)
class SignerConfig:
    """A phone that signs, besides those of the people.

    Attributes:
        name: Whose it is, in Latin letters: it stands in the certificate.
        name_fa: The same in Persian, for the lab; '' where it is `name`.
        pin: Of the SIM; '' is one that the SIM comes with.
    """

    msisdn: str
    name: str
    name_fa: str = ""
    pin: str = field(default="", repr=False)
    key: KeyKind = KeyKind.EC


@dataclass(frozen=True, slots=True)
class Config:
    """Where everything listens and whom it calls. `data_dir` keeps tokens and journals; None keeps nothing.

    Attributes:
        bank_token: What the bank's customer proves itself by.
        bank_iban: The customer's account, `bank_owner` whose it is, `bank_balance` what is on it at first, in rials.
        bank_terms: Which files the bank writes, and in which versions.
        bank_faults: What is wrong with the bank from the start.
        carriers: Those that a phone of the lab can be in the network of, the first at the start; without any, Africa's
            Talking with `ussd_path_secret`.
        carrier_faults: What is wrong with their hops from the start.
        smsc_code: The short code that the lab's phones write to.
        smsc_accounts: More system ids that may bind, and their passwords.
        smsc_ids: How message ids look, in responses and in receipts.
        smsc_receipts: What a receipt holds.
        smsc_certificate: PEM file of the SMSC's certificate and `smsc_key` of its key: it then speaks TLS.
        smsc_faults: What is wrong from the start.
        ussd_over_smpp: Phones dial over the SMSC's binds at first.
        mssp_ap_id: Who may ask for mobile signatures, and `mssp_ap_password` how they prove it.
        mssp_ap_prefix: What every text must hold that a signing phone shows; '' is nothing.
        mssp_notify_url: Where the signature service sends results by itself; '' is nowhere.
        mssp_faults: What is wrong with it from the start.
        signers: Phones that sign, besides those of the people.
    """

    gateway_url: str = "http://127.0.0.1:8080"
    ussd_path_secret: str = ""
    service_code: str = "*1420#"
    carriers: tuple[CarrierConfig, ...] = ()
    carrier_faults: CarrierFaults = field(default_factory=CarrierFaults)
    iso8583_host: str = "127.0.0.1"
    iso8583_port: int = 8583
    lab_port: int = 8090
    registry_port: int = 8091
    bank_port: int = 8094
    bank_token: str = field(default="demo", repr=False)
    bank_iban: str = iban.of_account(1)
    bank_owner: str = "Social Security"
    bank_balance: int = 50_000_000_000
    bank_terms: Terms = field(default_factory=Terms)
    bank_faults: BankFaults = field(default_factory=BankFaults)
    smsc_port: int = 2775
    smsc_system_id: str = "tapdial"
    smsc_password: str = field(default="demo", repr=False)
    smsc_code: str = "1420"
    smsc_certificate: str = ""
    smsc_key: str = ""
    smsc_accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    smsc_ids: IdForm = field(default_factory=IdForm)
    smsc_receipts: ReceiptForm = ReceiptForm.FULL
    smsc_faults: SmscFaults = field(default_factory=SmscFaults)
    ussd_over_smpp: bool = False
    mail_port: int = 8026
    mssp_port: int = 8093
    mssp_ap_id: str = "http://tapdial.example"
    mssp_ap_password: str = field(default="demo", repr=False)
    mssp_ap_prefix: str = ""
    mssp_notify_url: str = ""
    mssp_faults: MsspFaults = field(default_factory=MsspFaults)
    signers: tuple[SignerConfig, ...] = ()
    data_dir: Path | None = None
    terminals: tuple[TerminalConfig, ...] = ()


def load(file: Path) -> Config:
    """Read the file.

    Raises:
        ConfigError: Unreadable, an unknown key (with its nearest neighbour), or a value of another type.
    """
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"cannot read {file}: {problem}") from problem
    return read(given)


def read(given: Mapping[str, Any]) -> Config:
    """The configuration of these values.

    `terminal` is a list of tables with id, merchant_id, merchant_name, key (hex) and how it is set up; `carrier` is
    one with wire, name, secret, user, password, port, reports; `signer` is one with msisdn, name,
    name_fa, pin, key (ec, rsa).

    Raises:
        ConfigError: An unknown key, or a value of another type.
    """
    kinds = {one.name: type(one.default) for one in fields(Config) if type(one.default) in (bool, int, str)}
    kinds["data_dir"] = str
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key == "terminal":
            values["terminals"] = tuple(_terminal(table) for table in _tables("terminal", value))
        elif key == "carrier":
            values["carriers"] = tuple(_carrier(table) for table in _tables("carrier", value))
        elif key == "signer":
            values["signers"] = tuple(_signer(table) for table in _tables("signer", value))
        elif key in _READERS:
            values[key] = _READERS[key](value)
        elif key not in kinds:
            near = difflib.get_close_matches(
                key, [*kinds, *_READERS, "terminal", "carrier", "signer"], n=1, cutoff=0.0
            )[0]
            raise ConfigError(f"unknown key {key}; the nearest is {near}")
        elif type(value) is not kinds[key]:
            raise ConfigError(f"{key} is not of type {kinds[key].__name__}")
        else:
            values[key] = Path(str(value)) if key == "data_dir" else value
    return Config(**values)


def _accounts(value: object) -> dict[str, str]:
    table = _table("smsc_accounts", value)
    if not all(isinstance(password, str) for password in table.values()):
        raise ConfigError("smsc_accounts is a table of system ids and passwords")
    return table


def _ids(value: object) -> IdForm:
    table = _table("smsc_ids", value)
    if not table.keys() <= {"response", "receipt"} or not all(isinstance(form, str) for form in table.values()):
        raise ConfigError("smsc_ids has response and receipt, each a text")
    try:
        return IdForm(**table)
    except ValueError as problem:
        raise ConfigError(f"smsc_ids: {problem}") from None


def _receipts(value: object) -> ReceiptForm:
    try:
        return ReceiptForm(str(value))
    except ValueError:
        raise ConfigError(f"smsc_receipts is one of {', '.join(ReceiptForm)}") from None


def _smsc_faults(value: object) -> SmscFaults:
    return _faults("smsc_faults", value, SmscFaults())


def _carrier_faults(value: object) -> CarrierFaults:
    return _faults("carrier_faults", value, CarrierFaults())


def _bank_faults(value: object) -> BankFaults:
    return _faults("bank_faults", value, BankFaults())


def _bank_terms(value: object) -> Terms:
    """`formats` is a list of camt052, camt053, camt054, mt940, csv; `camt` is 02 or 08; `pain_002` is 03, 10 or ''."""
    table = _table("bank_terms", value)
    formats, camt, pain_002 = (table.get(key, default) for key, default in _TERMS.items())
    known = isinstance(formats, list) and all(one in list(Format) for one in formats)
    if not table.keys() <= _TERMS.keys() or not known or camt not in ("02", "08") or pain_002 not in ("", "03", "10"):
        raise ConfigError("bank_terms has formats, camt and pain_002, each one that the bank knows")
    return Terms(frozenset(map(Format, formats)), camt, pain_002)


_TERMS: Mapping[str, Any] = {"formats": ["camt053", "camt054"], "camt": "08", "pain_002": ""}


def _mssp_faults(value: object) -> MsspFaults:
    return _faults("mssp_faults", value, MsspFaults())


def _faults(table: str, value: object, faults: F) -> F:
    names = [one.name for one in fields(faults)]
    for key, given in _table(table, value).items():
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)[0]
            raise ConfigError(f"unknown key {key} of {table}; the nearest is {near}")
        kind = type(getattr(faults, key))
        if type(given) is not kind and not (kind is float and type(given) is int):
            raise ConfigError(f"{key} of {table} is not of type {kind.__name__}")
        setattr(faults, key, kind(given))
    return faults


_READERS: Mapping[str, Callable[[object], object]] = {
    "smsc_accounts": _accounts,
    "smsc_ids": _ids,
    "smsc_receipts": _receipts,
    "smsc_faults": _smsc_faults,
    "carrier_faults": _carrier_faults,
    "bank_faults": _bank_faults,
    "bank_terms": _bank_terms,
    "mssp_faults": _mssp_faults,
}


def _table(key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{key} is not a table")
    return value


def _tables(key: str, value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{key} is not a list of tables")
    return value


def _carrier(table: Mapping[str, Any]) -> CarrierConfig:
    kinds = {"wire": str, "name": str, "secret": str, "reports": bool, "user": str, "password": str, "port": int}
    if not table.keys() <= kinds.keys() or not all(type(value) is kinds[key] for key, value in table.items()):
        raise ConfigError("a carrier has wire and, if need be, name, secret, user, password, port, reports")
    wire = table.get("wire", "")
    if wire not in {SMPP, *FORMS}:
        raise ConfigError(f"{wire!r} is no wire of a carrier; there are {', '.join(sorted({SMPP, *FORMS}))}")
    return CarrierConfig(**table)


def _signer(table: Mapping[str, Any]) -> SignerConfig:
    names = {"msisdn", "name", "name_fa", "pin", "key"}
    if not {"msisdn", "name"} <= table.keys() <= names or not all(isinstance(value, str) for value in table.values()):
        raise ConfigError("a signer has msisdn and name and, if need be, name_fa, pin, key")
    try:
        return SignerConfig(**{**table, "key": KeyKind(table.get("key", "ec"))})
    except ValueError:
        raise ConfigError(f"the key of a signer is one of {', '.join(KeyKind)}") from None


def _terminal(table: Mapping[str, Any]) -> TerminalConfig:
    needed = {"id", "merchant_id", "merchant_name", "key"}
    kinds = {**dict.fromkeys(needed, str), "dialect": str, "framing": str, "one_message": bool, "floor_minor": int}
    known = all(type(value) is kinds.get(key) for key, value in table.items())
    if not needed <= table.keys() or not known:
        raise ConfigError(f"a terminal has {', '.join(sorted(needed))} and, if need be, {', '.join(list(kinds)[4:])}")
    own = {key: value for key, value in table.items() if key not in {"key", "floor_minor", "framing"}}
    try:
        framing = Framing(table.get("framing", Framing.BINARY2))
        rules = Rules(Limits(floor_minor=table.get("floor_minor", 0)))
        return TerminalConfig(key=bytes.fromhex(table["key"]), framing=framing, rules=rules, **own)
    except ValueError as problem:
        # The problem's text may hold what was written as the key.
        raise ConfigError(f"terminal {table['id']!r} does not fit its wire") from problem
