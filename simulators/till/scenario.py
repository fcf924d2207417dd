"""A list of what a merchant does, out of a TOML file, and what came of it."""

import asyncio
import difflib
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from simulators.faults import TillFaults, TillMishap
from simulators.nfc import InProcess, TcpTransport, Transport
from simulators.nfc.pcsc import PcscTransport
from simulators.nfc_phone import NfcPhone
from simulators.terminal import TapResult, Terminal
from simulators.trace import Trace

STEPS = ("tap", "repeat", "refund", "void", "lower", "close", "offline", "online", "drain")
DRAIN_S = 60.0
T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario that cannot be played; says which key."""


@dataclass(frozen=True, slots=True)
class PhoneSetting:
    """Where a phone is: at a TCP port, in a PC/SC reader, or in this process with the token of a `folder`."""

    tcp: str = ""
    pcsc: str = ""
    folder: str = ""
    msisdn: str = ""
    gateway: str = "http://127.0.0.1:8080"
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a merchant does.

    Attributes:
        do: One of STEPS.
        phone: Its name in the scenario; the first one where there is none.
        amount: Rials; of a refund 0 is all of it, of `lower` what stays.
        times: So often.
        part: A part of the amount will do.
        fault: A mishap of the line or the terminal while it lasts, and `only` the type of message that it happens to.
        expect: Outcomes that are meant to come, '' for any; several behind commas.
    """

    do: str
    phone: str = ""
    amount: int = 0
    times: int = 1
    part: bool = False
    fault: str = ""
    only: str = ""
    expect: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Whom the terminal calls, who it is (a table of the simulators' configuration, without its key), and the steps."""

    host: str
    port: int
    terminal: Mapping[str, Any]
    phones: Mapping[str, PhoneSetting]
    steps: tuple[Step, ...]
    answer_timeout_s: float = 10.0


@dataclass(slots=True)
class Summary:
    """What came of it; `unexpected` says at which step something else came than was meant to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    ms: list[int] = field(default_factory=list)

    def told(self, terminal: Terminal) -> dict[str, object]:
        """As the command prints it."""
        totals = terminal.totals
        slowest = sorted(self.ms)
        return {
            "outcomes": dict(self.outcomes),
            "unexpected": self.unexpected,
            "batch": {
                "number": terminal.batch_number,
                "sales": totals.debits,
                "sold": totals.debits_minor,
                "refunds": totals.credits,
                "refunded": totals.credits_minor,
            },
            "owed": terminal.owed_count,
            "unmatched": terminal.unmatched,
            "p50_ms": slowest[len(slowest) // 2] if slowest else 0,
            "max_ms": slowest[-1] if slowest else 0,
        }


def load(file: Path) -> Scenario:
    """Read a scenario strictly.

    Raises:
        ScenarioError: It cannot be read, or something in it is unknown or of another type.
    """
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ScenarioError(f"cannot read {file}: {problem}") from problem
    known = {"host", "port", "answer_timeout_s", "terminal", "phones", "step"}
    for key in given.keys() - known:
        raise ScenarioError(f"unknown key {key}; there are {', '.join(sorted(known))}")
    tables = given.get("terminal"), given.get("phones", {}), given.get("step", [])
    terminal, phones, steps = tables
    if not isinstance(terminal, dict) or not isinstance(phones, dict) or not isinstance(steps, list):
        raise ScenarioError("terminal and phones are tables, step is a list of tables")
    named = {name: _read(PhoneSetting, f"phones.{name}", table) for name, table in phones.items()}
    read = tuple(_step(number, table, named) for number, table in enumerate(steps, start=1))
    host, port, timeout_s = given.get("host", "127.0.0.1"), given.get("port", 8583), given.get("answer_timeout_s", 10)
    if type(host) is not str or type(port) is not int or type(timeout_s) not in (int, float):
        raise ScenarioError("host is a text, port and answer_timeout_s are numbers")
    return Scenario(host, port, terminal, named, read, float(timeout_s))


async def play(scenario: Scenario, terminal: Terminal, faults: TillFaults) -> Summary:
    """Do all of it; what is owed at the end is left to the journal."""
    summary = Summary()
    phones = {name: _phone(setting) for name, setting in scenario.phones.items()}
    for number, step in enumerate(scenario.steps, start=1):
        for _ in range(step.times):
            _set(faults, step.fault, step.only)
            result = await _done(step, terminal, phones)
            _set(faults, "", "")
            if result is None:
                continue
            summary.outcomes[result.outcome] += 1
            summary.ms.append(result.ms)
            if step.expect and result.outcome not in step.expect.split(","):
                summary.unexpected.append(f"step {number} ({step.do}): {result.outcome} {result.de39}".strip())
    return summary


async def _done(step: Step, terminal: Terminal, phones: Mapping[str, Transport]) -> TapResult | None:
    match step.do:
        case "tap":
            name = step.phone or next(iter(phones))
            return await terminal.pay(step.amount, phones[name], part_ok=step.part)
        case "repeat":
            return await terminal.repeat_last()
        case "refund":
            return await terminal.refund(step.amount or None)
        case "void":
            return await terminal.void()
        case "lower":
            return await terminal.lower(step.amount)
        case "close":
            return await terminal.close_batch()
        case "offline" | "online":
            await terminal.switch(on=step.do == "online")
            return None
        case _:
            async with asyncio.timeout(DRAIN_S):
                await terminal.drained()
            return None


def _set(faults: TillFaults, fault: str, only: str) -> None:
    for mishap in TillMishap:
        setattr(faults, mishap.value, mishap == fault)
    faults.only = only


def _phone(setting: PhoneSetting) -> Transport:
    if setting.tcp:
        host, _, port = setting.tcp.rpartition(":")
        return TcpTransport(host or "127.0.0.1", int(port))
    if setting.folder:
        phone = NfcPhone(setting.msisdn, setting.gateway, Trace(), folder=Path(setting.folder))
        phone.cdcvm = not setting.locked
        return InProcess(phone)
    return PcscTransport(setting.pcsc)


def _step(number: int, table: object, phones: Mapping[str, PhoneSetting]) -> Step:
    step = _read(Step, f"step {number}", table)
    if step.do not in STEPS:
        raise ScenarioError(f"step {number}: {step.do!r} is none of {', '.join(STEPS)}")
    if step.fault and step.fault not in tuple(TillMishap):
        raise ScenarioError(f"step {number}: {step.fault!r} is none of {', '.join(TillMishap)}")
    if step.do == "tap" and (not phones or step.amount < 1 or (step.phone and step.phone not in phones)):
        raise ScenarioError(f"step {number}: a tap has an amount and a phone of the scenario")
    return step


def _read(kind: type[T], where: str, table: object) -> T:
    if not isinstance(table, dict):
        raise ScenarioError(f"{where} is not a table")
    kinds = {one.name: one.type for one in fields(kind)}  # type: ignore[arg-type]
    for key, value in table.items():
        if key not in kinds:
            near = difflib.get_close_matches(key, kinds, n=1, cutoff=0.0)[0]
            raise ScenarioError(f"{where}: unknown key {key}; the nearest is {near}")
        if type(value) is not kinds[key]:
            raise ScenarioError(f"{where}: {key} is of another type")
    try:
        return kind(**table)
    except TypeError:
        raise ScenarioError(f"{where}: something is missing") from None
