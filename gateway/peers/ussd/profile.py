"""What is known of a link to a USSD centre over TCP, out of a TOML file that is read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from gateway.errors import SettingsFault
from gateway.services.dialogues.push import PushOutcome
from gateway.settings import must_be_closed, read_secret, read_table


class UssdLinkKind(StrEnum):
    """Which protocol the centre speaks."""

    USSDC = "ussdc"
    """Huawei's binary protocol."""
    MTN = "mtn"
    """XML in frames."""


@dataclass(frozen=True, slots=True)
class UssdLinkProfile:
    """One link.

    Attributes:
        name: Unique in the house; the label of its metrics.
        kind: The protocol.
        host: Of the centre.
        port: Of the centre.
        account: Whom we sign on as.
        password: In the file only for the demo; else `password_file`.
        system_type: `systemType` of USSDC, `applicationId` of MTN.
        enquire_s: How often we ask whether the centre is there; USSDC expects it within 5 s.
        response_s: How long a sign-on or an enquiry may wait for its answer.
        retry_min_s: First pause after a connection was lost.
        retry_max_s: Longest such pause.
        hops_max: Hops that may be answered at once; more wait unread, so the centre feels it.
        dialogues_max: Dialogues that are remembered; of more, the first are as if from before the connection.
        push_s: How long a phone may take to show a page that we push, or a person to answer it.
        pushes_max: Pushes that may be in hand at once; 0 where the operator takes none.
        push_code: Service code that a push of ours carries, three digits at most; '' where the centre wants none.
        push_ends: What statuses of an ended push mean, where they are not the errors of MAP.
    """

    name: str
    kind: UssdLinkKind
    host: str
    port: int
    account: str
    password: str = field(repr=False)
    system_type: str = ""
    enquire_s: float = 5.0
    response_s: float = 10.0
    retry_min_s: float = 1.0
    retry_max_s: float = 60.0
    hops_max: int = 200
    dialogues_max: int = 20_000
    push_s: float = 20.0
    pushes_max: int = 0
    push_code: Annotated[str, Field(pattern=r"^[0-9]{0,3}$")] = ""
    push_ends: Mapping[int, PushOutcome] = field(default_factory=dict)


_PROFILE = TypeAdapter(UssdLinkProfile)


def read_ussd_links(path: Path, *, demo: bool) -> tuple[UssdLinkProfile, ...]:
    """Read and check a file of `[[link]]` tables.

    Args:
        path: Of the file; a `password_file` is looked for beside it.
        demo: Whether passwords may lie in files that others can read.

    Raises:
        SettingsFault: One sentence about the first thing that is wrong; never a secret.
    """
    content = read_table(path)
    tables = content.pop("link", None)
    if content or not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SettingsFault(f"{path} holds [[link]] tables and nothing else")
    links = tuple(_link(path, table, demo=demo) for table in tables)
    names = [link.name for link in links]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsFault(f"two links are called {twice}")
    return links


def _link(path: Path, table: dict[str, Any], *, demo: bool) -> UssdLinkProfile:
    where = f"USSD link {table.get('name', '?')}"
    known = {one.name for one in fields(UssdLinkProfile)} | {"password_file"}
    unknown = sorted(table.keys() - known)
    if unknown:
        raise SettingsFault(f"{where}: {unknown[0]} is not known")
    values = dict(table)
    named = values.pop("password_file", None)
    if named is not None:
        values["password"] = read_secret(where, "password", path.parent / str(named), demo=demo, named="password_file")
    elif not demo:
        must_be_closed(where, "password", path)
    try:
        return _PROFILE.validate_python(values)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise SettingsFault(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
