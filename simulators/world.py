"""The world outside the gateway: carrier, registry, SMSC, mailbox, signature service, phones, terminals and the lab."""

import asyncio
import contextlib
import errno
import ssl
from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

from simulators import people
from simulators.bank import Account, Bank, Books
from simulators.carriers import AFRICAS_TALKING, Carrier, Contract, carrier_to
from simulators.config import SMPP, CarrierConfig, Config, ConfigError, SignerConfig
from simulators.faults import Faults
from simulators.lab import Bench, Lab
from simulators.mailbox import Mailbox
from simulators.mssp import Authority, Mssp, Provider, Service, SignPhone
from simulators.nfc import Limits, Setting
from simulators.nfc_phone import NfcPhone
from simulators.phone import Phone
from simulators.registry import Registry
from simulators.smsc import Smsc, Terms
from simulators.terminal import Terminal
from simulators.trace import Trace

HOST = "127.0.0.1"
OFFLINE = Limits(uses_max=3, minor_max=1_500_000)
"""What a phone approves alone where a terminal has no line, between two words of its issuer."""


class PortBusy(OSError):
    """A port that somebody else has; `key` is the configuration's key that moves it."""

    def __init__(self, key: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} is busy; move it with {key}")
        self.key = key
        self.port = port


class Listener(Protocol):
    """A simulator that listens."""

    def start(self, host: str, port: int) -> Awaitable[None]:
        """Listen."""
        ...

    def stop(self) -> Awaitable[None]:
        """Listen no more."""
        ...


class World:
    """Everything that is not the gateway. `running` starts it and stops it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.trace = Trace()
        self.faults = Faults(carrier=config.carrier_faults, smsc=config.smsc_faults, mssp=config.mssp_faults)
        everybody = people.load()
        folder = config.data_dir
        self.registry = Registry(everybody, self.trace)
        self.faults.bank = config.bank_faults
        self.bank = Bank(self._books, config.bank_token, self.trace, self.faults.bank)
        accounts = {**config.smsc_accounts, config.smsc_system_id: config.smsc_password}
        terms = Terms(ids=config.smsc_ids, receipts=config.smsc_receipts, tls=_tls(config))
        self.smsc = Smsc(
            self.trace, self.faults, self._on_sms, accounts=accounts, terms=terms, ussd_code=config.service_code
        )
        self.mailbox = Mailbox(self.trace)
        chosen = config.carriers or (CarrierConfig(AFRICAS_TALKING, secret=config.ussd_path_secret),)
        if config.ussd_over_smpp:
            chosen = (CarrierConfig(SMPP), *chosen)
        self.carriers = {one.name or one.wire: self._carrier(one) for one in chosen}
        self.carrier = next(iter(self.carriers.values()))
        self.phones = {person.msisdn: Phone(person, self.carrier, self.smsc) for person in everybody}
        self.nfc_phones = {
            msisdn: NfcPhone(
                msisdn,
                config.gateway_url,
                self.trace,
                folder=folder and folder / "nfc",
                service_code=config.service_code,
                setting=Setting(offline=OFFLINE),
            )
            for msisdn in self.phones
        }
        self.terminals = {
            terminal.id: Terminal(
                terminal,
                host=config.iso8583_host,
                port=config.iso8583_port,
                faults=self.faults,
                trace=self.trace,
                folder=folder and folder / "terminals",
            )
            for terminal in config.terminals
        }
        signers = (*config.signers, *(SignerConfig(one.msisdn, one.name, one.name_fa) for one in everybody))
        authority = Authority(folder and folder / "mssp")
        self.sign_phones = {one.msisdn: _sign_phone(one, authority, config) for one in signers}
        provider = Provider(config.mssp_ap_id, config.mssp_ap_password, config.mssp_ap_prefix, config.mssp_notify_url)
        service = Service(authority, self.sign_phones, {provider.ap_id: provider}, self.faults.mssp, self.trace)
        self.mssp = Mssp(service, self.faults.mssp, self.trace)
        self.lab = Lab(
            Bench(
                service_code=config.service_code,
                short_code=config.smsc_code,
                carriers=self.carriers,
                phones=self.phones,
                nfc_phones=self.nfc_phones,
                terminals=self.terminals,
                sign_phones=self.sign_phones,
                faults=self.faults,
                trace=self.trace,
                bank=self.bank,
            )
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        """Listen on every port, keep terminals' lines and phones' keys; on leaving, stop in the other order.

        Raises:
            PortBusy: Somebody else has one of the ports.
        """
        async with contextlib.AsyncExitStack() as stack:
            for carrier in {*self.carriers.values(), self.smsc.ussd}:
                stack.push_async_callback(carrier.close)
            for key, listener in self._listeners().items():
                await _listen(listener, key, getattr(self.config, key))
                stack.push_async_callback(listener.stop)
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(terminal.run()) for terminal in self.terminals.values()]
                work += [tasks.create_task(phone.run()) for phone in self.nfc_phones.values()]
                try:
                    yield self
                finally:
                    for task in work:
                        task.cancel()

    def _carrier(self, one: CarrierConfig) -> Carrier:
        if one.wire == SMPP:
            return self.smsc.ussd
        return carrier_to(
            self.config.gateway_url, one.secret, self.config.service_code, self.trace, self.faults,
            wire=one.wire, contract=Contract(one.name, one.reports, one.user, one.password, one.port),
        )  # fmt: skip

    def _books(self) -> Books:
        config = self.config
        account = Account(config.bank_iban, config.bank_owner, config.bank_balance)
        folder = config.data_dir and config.data_dir / "bank"
        return Books(folder, (account,), self.faults.bank, config.bank_terms)

    def _listeners(self) -> dict[str, Listener]:
        return {
            "registry_port": self.registry,
            "bank_port": self.bank,
            "smsc_port": self.smsc,
            "mail_port": self.mailbox,
            "mssp_port": self.mssp,
            "lab_port": self.lab,
        }

    def _on_sms(self, msisdn: str, text: str, sender: str) -> None:
        """The SMSC delivers; an SMS to a number that nobody here carries is only on the wire.

        A person may carry one of the two phones alone.
        """
        number = f"+{msisdn.removeprefix('+')}"
        if phone := self.phones.get(number):
            phone.receive(text, sender)
        if tapped := self.nfc_phones.get(number):
            tapped.receive(text)


def _sign_phone(one: SignerConfig, authority: Authority, config: Config) -> SignPhone:
    folder = config.data_dir and config.data_dir / "mssp"
    return SignPhone(one.msisdn, one.name, authority, name_fa=one.name_fa, key=one.key, pin=one.pin, folder=folder)


def _tls(config: Config) -> ssl.SSLContext | None:
    """The SMSC's certificate.

    Raises:
        ConfigError: It cannot be read.
    """
    if not config.smsc_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.smsc_certificate, config.smsc_key or None)
    except OSError as problem:
        raise ConfigError(f"cannot use smsc_certificate: {problem}") from problem
    return context


async def _listen(listener: Listener, key: str, port: int) -> None:
    try:
        await listener.start(HOST, port)
    except OSError as problem:
        # A listener that got half way must not keep what it has.
        await listener.stop()
        if problem.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortBusy(key, port) from problem
        raise
