"""`tapdial signing inbox | document` over a real house, and the same documents on the phone of whoever signs."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pyotp
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from gateway.app import House, built
from gateway.app.signing import SigningByUssd
from gateway.channels.ussd import SendOutcome
from gateway.cli import app
from gateway.services.signing import Document, StartOutcome
from gateway.services.signing.tables import signers
from gateway.services.staff import NewStaff, Role
from gateway.settings import load
from wallet.clock import SystemClock

T = TypeVar("T")
runner = CliRunner()
PASSWORD = "correct horse battery"
NUMBER, STRANGER = "+989120000001", "+989120000002"
DAY = hashlib.sha256(b"the day").digest()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("house")
    path = folder / "tapdial.toml"
    policy = folder / "policy.toml"
    policy.write_text('[[day_close]]\nneed = "pin"\n')
    said = {"data_dir": str(folder / "data"), "policy_file": str(policy)}
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items()))
    return str(path)


def inside(config: str, work: Callable[[House], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with built(load(Path(config)), SystemClock()) as house:
            return await work(house)

    return asyncio.run(opened())


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["signing", *words, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@dataclass(frozen=True)
class Begun:
    """Sue, who signs, and what waits for her: a day's end, and a table that is signed by phone."""

    sue: NewStaff
    day: str
    table: str


@pytest.fixture(scope="module")
def begun(config: str) -> Begun:
    return inside(config, _begun)


async def _begun(house: House) -> Begun:
    await house.staff.create("ivo", "Ivo", [Role.BRANCH_CLERK], PASSWORD)
    made = await house.staff.create("sue", "Sue", [Role.SIGNATORY], PASSWORD)
    assert isinstance(made, NewStaff)
    for kind in ("day_close", "decision_table"):
        await house.deciding.documents.ask(
            Document(
                kind=kind,
                subject="2026-11-22",
                digest=DAY,
                texts={"en": "SSO: close the day"},
                title=f"Close of 2026-11-22: {kind}",
                made_by=frozenset({"stf_other"}),
                roles=frozenset({Role.SIGNATORY}),
                amount=None,
                expires_at=house.clock.now() + timedelta(days=1),
            )
        )
    day, table = await house.signing.signing.inbox(made.staff)
    return Begun(made, day.id, table.id)


def test_what_waits_is_listed_signed_and_proved(config: str, begun: Begun) -> None:
    status, listed = run(config, "inbox", "sue")
    assert (status, "Close of" in listed) == (0, True)
    assert run(config, "inbox", "nobody")[0] == 1
    assert run(config, "document", "doc_0")[0] == 1

    async def sign(house: House) -> None:
        code = pyotp.TOTP(begun.sue.totp_seed).at(house.clock.now())
        signed = await house.signing.signing.sign_with_pin(begun.day, begun.sue.staff, PASSWORD, code)
        assert signed is StartOutcome.OK

    assert run(config, "document", begun.day)[0] == 1, "it waits, and so is not proved"
    inside(config, sign)
    status, shown = run(config, "document", begun.day)
    assert status == 0
    assert "proof: signed" in shown
    assert "password and code" in shown


def test_the_phone_of_who_signs_shows_what_waits_and_no_other_does(config: str, begun: Begun) -> None:
    made = begun.sue

    async def work(house: House) -> None:
        row = {"staff_id": made.staff.id, "msisdn": NUMBER, "serial": "1", "certificate": "CN=1", "state": "active"}
        row |= {"reason": "", "enrolled_by": "stf_a", "approved_by": "stf_b"}
        await house.store.write(lambda tx: tx.execute(insert(signers).values(enrolled_at=house.clock.now(), **row)))
        desk = SigningByUssd(house.signing, house.staff)

        (waiting,) = await desk.waiting(NUMBER)

        assert (waiting.id, waiting.title) == (begun.table, "Close of 2026-11-22: decision_table")
        assert await desk.waiting(STRANGER) == ()
        assert (await desk.send(STRANGER, waiting.id, "a")).outcome is SendOutcome.GONE
        assert (await desk.send(NUMBER, waiting.id, "b")).outcome is SendOutcome.UNAVAILABLE
        await house.staff.set_disabled(made.staff.id, disabled=True)
        assert await desk.waiting(NUMBER) == ()
        await house.staff.set_disabled(made.staff.id, disabled=False)

    inside(config, work)


@pytest.mark.usefixtures("begun")
def test_somebody_stands_in_for_somebody_until_it_is_taken_back(config: str) -> None:
    def staff(*words: str) -> tuple[int, str]:
        result = runner.invoke(app, ["staff", *words, "--config", config], env={"COLUMNS": "200"})
        return result.exit_code, result.output

    soon = f"{SystemClock().now() + timedelta(days=5):%Y-%m-%dT%H:%M:%S}"
    words = (
        "stand-in",
        "sue",
        "ivo",
        "--until",
        soon,
        "--reason",
        "holiday",
        "--kind",
        "decision_table",
        "--by",
        "sue",
    )
    status, said = staff(*words)
    assert (status, said.splitlines()[-1]) == (0, "done")
    status, listed = staff("stand-ins")
    (found,) = re.findall(r"dlg_[0-9A-Z]{26}", listed)
    assert (status, "holiday" in listed, "decision_table" in listed) == (0, True, True)
    assert staff("stand-in-end", found, "--by", "ivo") == (1, "refused: not_yours\n")
