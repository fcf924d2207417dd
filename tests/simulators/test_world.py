"""The world: its configuration, its ports, and the process that runs it."""

import asyncio
import signal
import socket
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulators import config
from simulators.bank import Format, Terms
from simulators.config import ConfigError
from simulators.faults import CarrierFaults, SmscFaults
from simulators.smsc import IdForm, ReceiptForm, wire
from simulators.world import PortBusy, World
from tests.simulators.acquirer import KEY, Acquirer
from tests.simulators.nfc.house import NUMBER, House, key_of
from tests.simulators.tokens import TOKEN

TERMINAL = {"id": "TERM0001", "merchant_id": "PHARMACY000001", "merchant_name": "Moradi Pharmacy", "key": "00" * 16}
PORTS = ("lab_port", "bank_port", "registry_port", "smsc_port", "mail_port", "mssp_port")


def free_ports() -> dict[str, int]:
    """Ports that nobody has at the moment."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = {key: probe.getsockname()[1] for key, probe in zip(PORTS, probes, strict=True)}
    for probe in probes:
        probe.close()
    return ports


def test_a_configuration_is_read_with_its_terminals() -> None:
    read = config.read({"lab_port": 9090, "data_dir": "var/x", "terminal": [TERMINAL]})

    assert (read.lab_port, read.data_dir, read.smsc_port) == (9090, Path("var/x"), 2775)
    assert read.terminals[0].key == bytes(16)
    assert "demo" not in repr(read)


def test_what_the_smsc_does_and_does_wrong_is_configured() -> None:
    read = config.read(
        {
            "smsc_accounts": {"kannel": "hidden"},
            "smsc_ids": {"response": "d", "receipt": "X"},
            "smsc_receipts": "tlv",
            "smsc_faults": {"throttle_per_s": 50, "lost_resp_rate": 1, "receipt_first": True},
        }
    )

    assert read.smsc_faults == SmscFaults(throttle_per_s=50, lost_resp_rate=1.0, receipt_first=True)
    assert (read.smsc_ids, read.smsc_receipts) == (IdForm("d", "X"), ReceiptForm.TLV)
    assert "hidden" not in repr(read)
    assert World(read).faults.smsc.throttle_per_s == 50


def test_the_bank_is_configured_with_its_account_its_files_and_its_faults() -> None:
    read = config.read(
        {
            "bank_port": 9_999,
            "bank_token": "hidden",
            "bank_balance": 7,
            "bank_terms": {"formats": ["mt940", "csv"], "camt": "02", "pain_002": "03"},
            "bank_faults": {"reject_rate": 1, "seed": 3},
        }
    )

    assert read.bank_terms == Terms(frozenset({Format.MT940, Format.CSV}), "02", "03")
    assert (read.bank_port, read.bank_balance, World(read).faults.bank.reject_rate) == (9_999, 7, 1.0)
    assert "hidden" not in repr(read)


@pytest.mark.parametrize(
    "terms", [{"formats": "mt940"}, {"formats": ["mt941"]}, {"formats": [["mt940"]]}, {"camt": "09"}, {"form": []}, 1]
)
def test_terms_that_no_bank_offers_are_refused(terms: object) -> None:
    with pytest.raises(ConfigError, match="bank_terms"):
        config.read({"bank_terms": terms})


async def test_phones_dial_over_smpp_when_they_are_told_to() -> None:
    phone = World(config.read({"ussd_over_smpp": True})).phones["+989120000004"]

    await phone.press("*1420#")

    assert phone.screen.failed == "no application is bound"


def test_carriers_are_configured_and_the_first_is_the_phones_at_the_start() -> None:
    world = World(
        config.read(
            {
                "carrier": [
                    {"wire": "nalo", "secret": "hidden"},
                    {"wire": "hubtel", "name": "hubtel2"},
                    {"wire": "smpp"},
                ],
                "carrier_faults": {"duplicate_rate": 0.02, "seed": 7},
            }
        )
    )

    assert list(world.carriers) == ["nalo", "hubtel2", "smpp"]
    assert [carrier.line.name for carrier in world.carriers.values()] == ["nalo", "hubtel", "smpp"]
    assert {id(phone.network) for phone in world.phones.values()} == {id(world.carriers["nalo"])}
    assert world.faults.carrier == CarrierFaults(duplicate_rate=0.02, seed=7)
    assert "hidden" not in repr(world.config)


async def test_a_phone_of_the_lab_writes_to_an_esme() -> None:
    ports = free_ports()
    async with World(config.read(ports)).running() as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports["smsc_port"])
        writer.write(wire.make("bind_transceiver", 1, system_id="tapdial", password="demo"))
        world.phones["+989120000004"].write("SOLDE", "1420")
        async with asyncio.timeout(3):
            heard = await reader.readuntil(b"SOLDE")
        writer.close()

    assert b"989120000004" in heard
    assert world.phones["+989120000004"].inbox[0].sent


def test_a_certificate_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ConfigError, match="cannot use smsc_certificate"):
        World(config.read({"smsc_certificate": "absent.pem"}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lab_prot": 1}, "unknown key lab_prot; the nearest is lab_port"),
        ({"lab_port": "8090"}, "lab_port is not of type int"),
        ({"lab_port": True}, "lab_port is not of type int"),
        ({"terminal": {"id": "x"}}, "terminal is not a list of tables"),
        ({"terminal": [{"id": "TERM0001"}]}, "a terminal has id, key, merchant_id, merchant_name and, if"),
        ({"smsc_faults": {"delay": 1}}, "unknown key delay of smsc_faults; the nearest is delay_ms"),
        ({"smsc_faults": {"delay_ms": "1"}}, "delay_ms of smsc_faults is not of type int"),
        ({"smsc_faults": {"half_open": 1}}, "half_open of smsc_faults is not of type bool"),
        ({"carrier_faults": {"drop": 1}}, "unknown key drop of carrier_faults; the nearest is drop_rate"),
        ({"carrier": {"wire": "nalo"}}, "carrier is not a list of tables"),
        ({"carrier": [{"wire": "gopher"}]}, "'gopher' is no wire of a carrier; there are advanta, "),
        ({"carrier": [{"wire": "nalo", "reports": 1}]}, "a carrier has wire and, if need be, name"),
        ({"smsc_ids": {"receipt": "b"}}, "smsc_ids: 'b' is no form of message ids"),
        ({"smsc_ids": "x"}, "smsc_ids is not a table"),
        ({"smsc_receipts": "long"}, "smsc_receipts is one of full, text, tlv, partial"),
        ({"mssp_faults": {"slow": 1}}, "unknown key slow of mssp_faults; the nearest is slow_ms"),
        ({"signer": [{"msisdn": "+989120000101"}]}, "a signer has msisdn and name and, if need be, name_fa, pin, key"),
        ({"signer": [{"msisdn": "+1", "name": "x", "key": "dsa"}]}, "the key of a signer is one of ec, rsa"),
        ({"smsc_accounts": {"kannel": 1}}, "smsc_accounts is a table of system ids and passwords"),
        ({"terminal": [{**TERMINAL, "id": "T"}]}, "terminal 'T' does not fit its wire"),
        ({"terminal": [{**TERMINAL, "key": "xyz"}]}, "terminal 'TERM0001' does not fit its wire"),
    ],
)
def test_a_configuration_that_cannot_be_used_names_its_key(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refusal:
        config.read(given)

    assert "xyz" not in str(refusal.value)


@pytest.mark.parametrize("key", PORTS)
async def test_a_busy_port_is_named_with_the_key_that_moves_it(key: str) -> None:
    ports = free_ports()
    said = f"port {ports[key]} is busy; move it with {key}"
    with closing(socket.create_server(("127.0.0.1", ports[key]))), pytest.raises(PortBusy, match=said):
        async with World(config.read(ports)).running():
            raise AssertionError("started on a busy port")
    async with World(config.read(ports)).running():
        pass  # nothing of the first try was left listening


async def test_an_sms_lands_on_the_phone_with_its_number() -> None:
    world = World(config.read(free_ports()))

    world.smsc.desk._on_sms("+989120000004", "Bonjour", "1420")
    world.smsc.desk._on_sms("+989120009999", "nobody", "1420")

    assert [sms.text for sms in world.phones["+989120000004"].inbox] == ["Bonjour"]


async def test_a_person_who_carries_one_of_the_two_phones_alone_gets_each_sms_on_it() -> None:
    world = World(config.read(free_ports()))
    del world.nfc_phones["+989120000004"]

    world.smsc.desk._on_sms("+989120000004", "Bonjour", "1420")

    assert [sms.text for sms in world.phones["+989120000004"].inbox] == ["Bonjour"]


async def test_an_sms_with_a_key_reaches_the_nfc_phone_of_its_number() -> None:
    world, house = World(config.read(free_ports())), House(keys=[1])
    nfc = world.nfc_phones["+989120000004"]
    nfc.wallet.begin(replace(TOKEN, luk_id="00000001", luk=key_of(1).hex()), NUMBER)
    house.seal_key = nfc.wallet.seal_key.public_key().public_bytes_raw()

    world.smsc.desk._on_sms("+989120000004", "Bonjour", "1420")
    world.smsc.desk._on_sms("+989120000004", house.compact(7, binder=1), "1420")

    assert nfc.token is not None
    assert (nfc.token.luk_id, nfc.token.luk) == ("00000007", key_of(7).hex())
    assert len(world.phones["+989120000004"].inbox) == 2


async def test_tokens_and_journals_survive_a_restart_of_the_world(tmp_path: Path) -> None:
    async with Acquirer().listening() as acquirer:
        terminal = {**TERMINAL, "key": KEY.hex()}
        more = {"iso8583_port": acquirer.port, "data_dir": str(tmp_path), "terminal": [terminal]}
        chosen = config.read({**free_ports(), **more})
        acquirer.silent.add("0220")
        async with World(chosen).running() as world:
            phone = world.nfc_phones["+989120000002"]
            phone.token = TOKEN
            assert (await world.terminals["TERM0001"].pay(1000, phone)).approved
        acquirer.silent.clear()

        async with World(chosen).running() as world:
            kept = world.nfc_phones["+989120000002"].token
            async with asyncio.timeout(5):
                await world.terminals["TERM0001"].drained()

    assert kept is not None
    assert kept.atc == TOKEN.atc + 1
    assert set(acquirer.mtis()) == {"0100", "0220"}


async def test_staff_have_phones_that_sign_for_the_application_provider_of_the_configuration(tmp_path: Path) -> None:
    given = {
        **free_ports(),
        "data_dir": str(tmp_path),
        "mssp_ap_id": "http://sso.example",
        "mssp_ap_password": "hidden",
        "mssp_faults": {"clock_skew_s": 600},
        "signer": [{"msisdn": "+989120000101", "name": "Treasurer", "pin": "4711", "key": "rsa"}],
    }
    async with World(config.read(given)).running() as world:
        instant = (datetime.now(UTC) + timedelta(seconds=600)).isoformat()
        header = {"AP_ID": "http://sso.example", "AP_PWD": "hidden", "AP_TransID": "A1", "Instant": instant}
        question = {"MSS_ProfileReq": {"AP_Info": header, "MobileUser": {"MSISDN": "989120000101"}}}
        url = f"http://127.0.0.1:{given['mssp_port']}/rest/service/profile"
        async with aiohttp.ClientSession() as session, session.post(url, json=question) as answer:
            told = await answer.text()

    assert '"Algorithm": "RSA"' in told
    assert list(world.sign_phones)[:2] == ["+989120000101", "+989120000001"]
    assert world.sign_phones["+989120000101"].pin == "4711"
    assert "BEGIN CERTIFICATE" in (tmp_path / "mssp" / "root.pem").read_text()
    assert "hidden" not in repr(world.config)
    assert "4711" not in repr(world.config)


async def _start(file: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "--config", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_process_says_ready_serves_the_lab_and_stops_on_sigterm(tmp_path: Path) -> None:
    ports = free_ports()
    file = tmp_path / "world.toml"
    lines = [f"{key} = {port}" for key, port in ports.items()] + [f'data_dir = "{tmp_path}"', "[[terminal]]"]
    file.write_text("\n".join([*lines, *(f'{key} = "{value}"' for key, value in TERMINAL.items())]))
    process = await _start(file)
    assert process.stdout is not None

    async with asyncio.timeout(20):
        assert await process.stdout.readline() == b"simulators ready\n"
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{ports['lab_port']}/") as page:
            assert page.status == 200
        second = await _start(file)
        _, complaint = await second.communicate()
        process.send_signal(signal.SIGTERM)
        out, problems = await process.communicate()

    assert (process.returncode, out, problems) == (0, b"", b"")
    assert second.returncode == 3
    assert b"is busy; move it with registry_port" in complaint


async def test_a_configuration_that_is_not_there_ends_with_status_2(tmp_path: Path) -> None:
    process = await _start(tmp_path / "absent.toml")

    async with asyncio.timeout(20):
        _, complaint = await process.communicate()

    assert process.returncode == 2
    assert b"cannot read" in complaint
