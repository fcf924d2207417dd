"""The ports that terminals call, out of a TOML file of `[[listener]]` tables that is read strictly."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from gateway.channels.nfc.framing import HEADER_BYTES_MAX, Framing, LengthKind
from gateway.errors import SettingsFault
from gateway.settings import must_be_closed, read_table
from gateway.wire.iso8583 import DIALECTS, HOUSE, Dialect, read_dialect

CONNECTIONS_MAX = 2000


@dataclass(frozen=True)
class Listener:
    """One port.

    Attributes:
        name: Unique in the house; staff see it.
        host: Where it listens.
        port: Where it listens; 0 takes a free one.
        dialect: Name of a dialect that the house ships.
        dialect_file: TOML file of another one, in place of `dialect`.
        length: How the length before a message is written.
        inclusive: Whether the length counts its own bytes.
        header_bytes: Bytes between length and body, sent back with the answer.
        tpdu: The header is a TPDU: its addresses change places in the answer.
        allow: Networks that may call, such as `10.4.0.0/16`; none given: all may.
        cert_file: Certificate of TLS; empty: none.
        key_file: Its private key.
        client_ca_file: Who signs terminals' certificates; given, each must show one.
        connections_max: Lines at once; more are hung up.
        echo_s: Silence after which we ask whether the terminal is there, and hang up if it stays silent; 0: never.
    """

    name: str
    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    dialect: str = HOUSE.name
    dialect_file: str = ""
    length: LengthKind = LengthKind.BINARY2
    inclusive: bool = False
    header_bytes: Annotated[int, Field(ge=0, le=HEADER_BYTES_MAX)] = 0
    tpdu: bool = False
    allow: tuple[str, ...] = ()
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    connections_max: Annotated[int, Field(ge=1, le=100_000)] = CONNECTIONS_MAX
    echo_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    folder: Path = field(default=Path(), repr=False)
    """Where its files are looked for."""

    @cached_property
    def framing(self) -> Framing:
        """How its messages are framed."""
        return Framing(self.length, self.inclusive, self.header_bytes, self.tpdu)

    @cached_property
    def speaks(self) -> Dialect:
        """What its terminals speak.

        Raises:
            SettingsFault: There is no such dialect, or its file is wrong.
        """
        if self.dialect_file:
            return read_dialect(self.folder / self.dialect_file)
        if self.dialect not in DIALECTS:
            raise SettingsFault(f"listener {self.name}: no dialect is called {self.dialect}")
        return DIALECTS[self.dialect]

    @cached_property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Who may call.

        Raises:
            SettingsFault: One of them is no network.
        """
        try:
            return tuple(ip_network(text) for text in self.allow)
        except ValueError as problem:
            raise SettingsFault(f"listener {self.name}: {problem}") from problem

    def allows(self, address: str) -> bool:
        """Whether this address may call."""
        if not self.networks:
            return True
        caller = ip_address(address.partition("%")[0])
        mapped = getattr(caller, "ipv4_mapped", None)
        return any((mapped or caller) in network for network in self.networks)

    def tls(self) -> ssl.SSLContext | None:
        """What TLS needs; None without it.

        Raises:
            SettingsFault: The files cannot be read, or do not belong together.
        """
        if not self.cert_file:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.folder / self.cert_file, self.folder / self.key_file)
            if self.client_ca_file:
                context.load_verify_locations(self.folder / self.client_ca_file)
                context.verify_mode = ssl.CERT_REQUIRED
        except OSError as problem:
            raise SettingsFault(
                f"listener {self.name}: {problem.strerror or problem} (certificate or key)"
            ) from problem
        return context


_LISTENER = TypeAdapter(Listener)


def read_listeners(path: Path, *, demo: bool) -> tuple[Listener, ...]:
    """Read and check a file of `[[listener]]` tables; files that it names are looked for beside it.

    Args:
        path: Of the file.
        demo: Whether others may read a private key.

    Raises:
        SettingsFault: One sentence about the first thing that is wrong.
    """
    content = read_table(path)
    tables = content.pop("listener", None)
    if content or not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SettingsFault(f"{path} holds [[listener]] tables and nothing else")
    found = tuple(_listener(path, table, demo=demo) for table in tables)
    for what, values in (
        ("called", [one.name for one in found]),
        ("at", [f"{one.host}:{one.port}" for one in found if one.port]),
    ):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice:
            raise SettingsFault(f"two listeners are {what} {twice}")
    return found


def _listener(path: Path, table: Mapping[str, Any], *, demo: bool) -> Listener:
    where = f"listener {table.get('name', '?')}"
    known = {one.name for one in fields(Listener)} - {"folder"}
    if unknown := sorted(table.keys() - known):
        raise SettingsFault(f"{where}: {unknown[0]} is not known")
    try:
        listener = _LISTENER.validate_python({**table, "folder": path.parent})
        # Each is made once and kept: what is wrong in it is said before anything listens.
        _ = listener.framing, listener.speaks, listener.networks
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise SettingsFault(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as problem:
        raise SettingsFault(f"{where}: {problem}") from None
    if bool(listener.cert_file) != bool(listener.key_file) or (listener.client_ca_file and not listener.cert_file):
        raise SettingsFault(f"{where}: cert_file and key_file belong together, and client_ca_file with them")
    if listener.key_file and not demo:
        try:
            must_be_closed(where, "private key", path.parent / listener.key_file)
        except OSError as problem:
            raise SettingsFault(f"{where}: cannot read {listener.key_file}: {problem.strerror}") from problem
    listener.tls()
    return listener
