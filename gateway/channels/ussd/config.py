"""Which wires a house has and who may call them: the TOML file that `ussd_wires_file` names, read strictly.

Secrets are not in the file: `{ env = "NAME" }` names a variable, `{ file = "name" }` a file of mode 0600 beside it.
"""

import ipaddress
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from gateway.channels.ussd import guards
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.door import Mount
from gateway.channels.ussd.guards import Guard, Network
from gateway.channels.ussd.later import Account, LaterWire
from gateway.channels.ussd.wire import Wire
from gateway.channels.ussd.wires import profile_names, wire_of
from gateway.channels.ussd.wires.form import Form, Table
from gateway.channels.ussd.wires.mapped import MappedWire
from gateway.errors import SettingsFault
from gateway.settings import PREFIX, read_secret, read_table
from wallet.clock import Clock

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$", to_lower=True)]
SECRET_MIN = 8
"""Characters of a secret outside the demo."""
STAFF_CODE = "*1428#"
"""Where staff see what waits for their signature; a file of wires has it among its `codes`."""
_PATH_PART = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", re.ASCII)
"""The unreserved letters of RFC 3986 clause 2.3, and no `..`."""
_PATH_LETTERS = "letters, digits and - . _ ~ alone stand in a path"


class Secret(Table):
    """Where a secret lies."""

    env: str = ""
    file: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.env) == bool(self.file):
            raise ValueError('a secret is { env = "NAME" } or { file = "name" }')
        if self.env.upper().startswith(PREFIX):
            raise ValueError(f"names that begin with {PREFIX} are settings; take another for a secret")
        return self


class BasicTable(Table):
    """HTTP basic."""

    user: str
    password: Secret


class HeaderTable(Table):
    """A secret in a header."""

    name: HeaderName
    value: Secret


class QueryTable(Table):
    """User and password in the query."""

    user: str
    password: Secret
    user_field: str = "userid"
    password_field: str = "password"  # noqa: S105  - the field's name


class HmacTable(Table):
    """HMAC of the body in a header."""

    header: HeaderName
    key: Secret
    digest: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class HashKeyTable(Table):
    """SHA-512 of key, session and number in a header."""

    key: Secret
    header: HeaderName = "apikey"


class SpPasswordTable(Table):
    """MD5 of id, password and time stamp in the body."""

    sp_id: str
    password: Secret
    window_s: int = Field(300, ge=10, le=3600)


class SubjectTable(Table):
    """A client certificate that a named proxy has checked."""

    header: HeaderName
    subject: str = Field(min_length=3)
    proxies: tuple[Name, ...] = Field(min_length=1)


class AuthTable(Table):
    """Who may call; everything that is here must hold."""

    networks: tuple[str, ...] = ()
    proxies: tuple[Name, ...] = ()
    path_secret: Secret | None = None
    basic: BasicTable | None = None
    bearer: Secret | None = None
    header: HeaderTable | None = None
    query: QueryTable | None = None
    hmac: HmacTable | None = None
    hash_key: HashKeyTable | None = None
    sp_password: SpPasswordTable | None = None
    subject: SubjectTable | None = None


class SendTable(Table):
    """Where pages are sent that do not go back as answers, and as whom."""

    url: str = Field(pattern=r"^https?://[^\s?#]{1,400}$")
    user: str = ""
    password: Secret
    service: str = ""


class WireTable(Table):
    """One `[[wire]]`."""

    name: Name
    profile: str = ""
    form: Form | None = None
    country: str = Field("", pattern=r"^[1-9][0-9]{0,2}$|^$")
    auth: AuthTable = AuthTable()
    send: SendTable | None = None


class WiresFile(Table):
    """The file."""

    codes: tuple[str, ...] = ()
    proxies: Mapping[Name, tuple[str, ...]] = Field(default_factory=dict)
    wire: tuple[WireTable, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _House:
    path: Path
    environ: Mapping[str, str]
    clock: Clock
    demo: bool


def read_wires(
    path: Path, service_code: str, clock: Clock, *, demo: bool, environ: Mapping[str, str] | None = None
) -> tuple[Mount, ...]:
    """Read and check the file.

    Args:
        path: Of the file; secrets' files are looked for beside it.
        service_code: The house's own code, served beside those of the file.
        clock: For credentials with a time window.
        demo: Whether a wire may stand open to this machine's own processes, and secrets may be short and readable.
        environ: Variables that secrets are read from; None: the process's own.

    Raises:
        SettingsFault: One sentence with the file and the key; never a secret.
    """
    house = _House(path, os.environ if environ is None else environ, clock, demo)
    content = read_table(path)
    file = _checked(path, content)
    names = [wire.name for wire in file.wire]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsFault(f"{path}: two wires are called {twice}")
    try:
        codes = Codes([service_code, *file.codes])
    except ValueError as problem:
        raise SettingsFault(f"{path}: codes: {problem}") from problem
    proxies = {name: _networks(path, f"proxies.{name}", written) for name, written in file.proxies.items()}
    return tuple(_mount(house, table, codes, proxies) for table in file.wire)


def _checked(path: Path, content: dict[str, Any]) -> WiresFile:
    try:
        return WiresFile.model_validate(content)
    except ValidationError as problem:
        # The input itself is left out: it may be a password that somebody wrote into the wrong place.
        raise SettingsFault(f"{path}: {'; '.join(_said(problem))}") from None


def _said(problem: ValidationError) -> Iterator[str]:
    for error in problem.errors(include_input=False, include_context=False, include_url=False):
        key = ".".join(map(str, error["loc"])) or "the file"
        yield f"{key} is unknown" if error["type"] == "extra_forbidden" else f"{key}: {error['msg']}"


def _mount(house: _House, table: WireTable, codes: Codes, proxies: Mapping[str, tuple[Network, ...]]) -> Mount:
    where = f"{house.path}: wire {table.name}"
    keeper = _Keeper(house, where, proxies)
    made = tuple(_guards(keeper, table.auth))
    if not made:
        if not house.demo:
            raise SettingsFault(f"{where}: outside demo a wire needs auth")
        made = (guards.Loopback(),)
    wire, has_secret = _wire(where, table, codes), table.auth.path_secret is not None
    if isinstance(wire, LaterWire) != (table.send is not None):
        raise SettingsFault(f"{where}: `send` belongs to wires that take pages by a call of ours, and they need it")
    return Mount(wire, made, has_secret=has_secret, account=_account(keeper, table.send))


def _account(keeper: "_Keeper", send: SendTable | None) -> Account | None:
    if send is None:
        return None
    return Account(send.url, send.user, keeper.secret("send.password", send.password), send.service)


def _wire(where: str, table: WireTable, codes: Codes) -> Wire:
    ready = ", ".join(profile_names())
    if bool(table.profile) == (table.form is not None):
        raise SettingsFault(f"{where}: a wire has a profile or a form of its own; profiles: {ready}")
    if table.form is not None:
        return MappedWire(table.name, table.form, codes)
    if table.profile not in profile_names():
        raise SettingsFault(f"{where}: {table.profile} is no profile; there are {ready}")
    try:
        return wire_of(table.name, table.profile, codes, table.country)
    except ValueError as problem:
        raise SettingsFault(f"{where}: country: {problem}") from None


def _guards(keeper: "_Keeper", auth: AuthTable) -> Iterator[Guard]:
    if auth.networks:
        yield guards.Addresses(keeper.networks(auth.networks), keeper.proxies(auth.proxies))
    elif auth.proxies:
        raise SettingsFault(f"{keeper.where}: auth.proxies without auth.networks")
    if auth.path_secret:
        yield guards.PathSecret(keeper.path_secret(auth.path_secret))
    if auth.basic:
        yield guards.Basic(auth.basic.user, keeper.secret("basic", auth.basic.password))
    if auth.bearer:
        yield guards.Header("authorization", f"Bearer {keeper.secret('bearer', auth.bearer)}")
    if auth.header:
        yield guards.Header(auth.header.name, keeper.secret("header", auth.header.value))
    if auth.query:
        password = keeper.secret("query", auth.query.password)
        yield guards.QueryPassword(auth.query.user, password, auth.query.user_field, auth.query.password_field)
    if auth.subject:
        subject = auth.subject
        yield guards.Subject(subject.header, subject.subject, keeper.proxies(subject.proxies))
    yield from _proofs(keeper, auth)


def _proofs(keeper: "_Keeper", auth: AuthTable) -> Iterator[Guard]:
    if auth.hmac:
        key = keeper.secret("hmac", auth.hmac.key).encode()
        yield guards.Signature(auth.hmac.header, key, auth.hmac.digest, auth.hmac.encoding, auth.hmac.prefix)
    if auth.hash_key:
        yield guards.HashKey(keeper.secret("hash_key", auth.hash_key.key), auth.hash_key.header)
    if auth.sp_password:
        password, window = keeper.secret("sp_password", auth.sp_password.password), auth.sp_password.window_s
        yield guards.SpPassword(auth.sp_password.sp_id, password, keeper.house.clock, timedelta(seconds=window))


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Finds what a wire's auth names."""

    house: _House
    where: str
    named: Mapping[str, tuple[Network, ...]]

    def secret(self, key: str, secret: Secret) -> str:
        """The secret itself, from the environment or from a file that nobody else can read."""
        where = f"{self.where}: auth.{key}"
        if secret.env:
            found = self.house.environ.get(secret.env, "")
            if not found:
                raise SettingsFault(f"{where}: the variable {secret.env} is not set")
        else:
            found = read_secret(where, "secret", self.house.path.parent / secret.file, demo=self.house.demo)
        if len(found) < (1 if self.house.demo else SECRET_MIN):
            raise SettingsFault(f"{where}: a secret of at least {SECRET_MIN} characters is needed")
        return found

    def path_secret(self, secret: Secret) -> str:
        """A secret that is one part of a path as it stands there; any other would let nobody in."""
        found = self.secret("path_secret", secret)
        if not _PATH_PART.fullmatch(found):
            raise SettingsFault(f"{self.where}: auth.path_secret: {_PATH_LETTERS}")
        return found

    def networks(self, written: Iterable[str]) -> tuple[Network, ...]:
        """Networks as they are written."""
        return _networks(self.where, "auth.networks", written)

    def proxies(self, names: Iterable[str]) -> tuple[Network, ...]:
        """The networks of named proxies."""
        unknown = next((name for name in names if name not in self.named), None)
        if unknown is not None:
            raise SettingsFault(f"{self.where}: there is no proxy {unknown} in [proxies]")
        return tuple(network for name in names for network in self.named[name])


def _networks(where: object, key: str, written: Iterable[str]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in written)
    except ValueError as problem:
        raise SettingsFault(f"{where}: {key}: {problem}") from None


def default_mount(service_code: str, path_secret: str, *, demo: bool) -> Mount:
    """Without a file: Africa's Talking behind the secret of the settings; in the demo also from this machine."""
    if path_secret and not _PATH_PART.fullmatch(path_secret):
        raise SettingsFault(f"{PREFIX}USSD_PATH_SECRET: {_PATH_LETTERS}")
    secret = guards.PathSecret(path_secret)
    guard: Guard = guards.Either((guards.Loopback(), secret)) if demo else secret
    return Mount(
        wire_of("africastalking", "africastalking", Codes([service_code, STAFF_CODE])), (guard,), has_secret=True
    )


__all__ = ["STAFF_CODE", "default_mount", "read_wires"]
