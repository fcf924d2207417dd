"""camt.052, camt.053 and camt.054 of any version: reports, statements and notifications of accounts.

What a file is says the element below its root, and one that is not known is refused: a report that is read as a
statement of no rows is worse than none. Entries that are not booked are no lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from gateway.errors import BadInput
from gateway.wire.iso20022.reading import Taker, read
from gateway.wire.iso20022.values import NOT_PROVIDED, a_day, amount, clean, code, day, down, said, said_first, word
from gateway.wire.pages import LINES_MAX, STATEMENTS_MAX, agrees, joined
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

KINDS = {"CRDT": LineKind.CREDIT, "DBIT": LineKind.DEBIT}
MESSAGES: Mapping[str, tuple[str, str]] = {
    "BkToCstmrAcctRpt": ("camt.052", "Rpt"),
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
"""By the message's element: what it is called, and the element of each account."""
_BOOKED, _OPEN = "BOOK", frozenset({"PDNG", "INFO", "FUTR"})
_OPENING, _CLOSING, _BETWEEN = ("OPBD", "PRCD"), ("CLBD",), "ITBD"
_INTERMEDIATE = "INTM"
"""SubTp of a balance at the end of a page that is not the last, or at the beginning of the next one."""
_TRUE = frozenset({"true", "1"})
_COUNT_MAX, _SERIES_MAX = 15, 18


@dataclass(frozen=True, slots=True)
class _Detail:
    """One TxDtls; `amounts` are those that it says in currencies that are kept, the nearest to the account first."""

    kind: LineKind | None
    amounts: tuple[Money, ...]
    line: dict[str, str]
    returned: str


@dataclass(slots=True)
class _Open:
    """The account that is being read."""

    id: str = ""
    account: str = ""
    asset: str = ""
    sequence: int = 0
    balances: dict[str, Money] = field(default_factory=dict)
    between: list[Money] = field(default_factory=list)
    """Balances between pages, in the file's order."""
    page: int = 0
    last: bool = True
    from_on: date | None = None
    to_on: date | None = None
    to_on_of_balance: bool = False
    made_on: date | None = None
    lines: list[StatementLine] = field(default_factory=list)
    entries: int = 0
    left_out: int = 0
    claimed: int | None = None
    """How many entries it says that it has."""


class _Statements:
    """Takes one message; satisfies reading.Taker."""

    def __init__(self, root: str, part: str) -> None:
        self._root = root
        self._part = part
        self._open = _Open()
        self._details: list[_Detail] = []
        self._page = (0, True)
        """Number of the message's own page, and whether it is the last one."""
        self.statements: list[BankStatement] = []

    def begin(self, part: str) -> None:
        if part == self._part:
            if len(self.statements) >= STATEMENTS_MAX:
                raise BadInput(f"more than {STATEMENTS_MAX} statements: bring them in several files")
            self._open = _Open()

    def detail(self, details: Element) -> None:
        if len(self._details) >= LINES_MAX:
            raise BadInput(f"an entry of more than {LINES_MAX} details")
        self._details.append(_detail(details, f"entry {self._open.entries + 1}"))

    def take(self, part: str, record: Element) -> None:
        if part != self._part:
            if record.tag == "MsgPgntn":
                self._page = _page(record)
            return
        statement, name = self._open, record.tag
        if name == "Ntry":
            self._entry(record)
        elif name == "Bal":
            _balance(statement, record)
        else:
            _head(statement, record)

    def end(self, part: str) -> None:
        if part == self._part:
            self.statements.append(_closed(self._root, self._open, self._page))

    def _entry(self, entry: Element) -> None:
        statement, details = self._open, self._details
        self._details = []
        statement.entries += 1
        where = f"entry {statement.entries}"
        status = word(entry, "Sts") or word(entry.find("Sts"), "Cd")
        total = amount(entry.find("Amt"), where)
        if status in _OPEN or not total.minor:
            statement.left_out += 1
            return
        if status != _BOOKED:
            raise BadInput(f"{where}: no status that is known: {status!a:.12}")
        if total.asset.code != (statement.asset or total.asset.code):
            raise BadInput(f"{where}: {total.asset.code} on an account in {statement.asset}")
        statement.asset = total.asset.code
        if len(statement.lines) + len(details) >= LINES_MAX:
            raise BadInput(f"{where}: more than {LINES_MAX} movements: ask the bank for shorter periods")
        made_on = statement.made_on or statement.to_on
        statement.lines += _lines(entry, total, details, len(statement.lines) + 1, made_on, where)


def _head(statement: _Open, record: Element) -> None:
    """What a statement says of itself."""
    name = record.tag
    if name == "Acct":
        statement.account = said_first(record, ("Id", "IBAN"), ("Id", "Othr", "Id"))
        statement.asset = said(record, "Ccy") or statement.asset
    elif name == "Id":
        statement.id = clean(record.text or "")[:70]
    elif name in {"ElctrncSeqNb", "LglSeqNb"} and not statement.sequence:
        statement.sequence = _count(record.text or "", name, _SERIES_MAX)
    elif name == "StmtPgntn":
        statement.page, statement.last = _page(record)
    elif name == "CreDtTm":
        statement.made_on = a_day((record.text or "").strip(), name)
    elif name == "TxsSummry" and (text := said(record, "TtlNtries", "NbOfNtries")):
        statement.claimed = _count(text, "TxsSummry")
    elif name == "FrToDt":
        statement.from_on = _bound(record, "FrDtTm", "FrDt")
        statement.to_on = _bound(record, "ToDtTm", "ToDt")


def _lines(
    entry: Element, total: Money, details: list[_Detail], number: int, made_on: date | None, where: str
) -> list[StatementLine]:
    """The lines of an entry: one a detail where the details say how much each and sum up to it, else one."""
    kind = _kind(entry, where)
    value_on = day(entry.find("ValDt"), where)
    booked_on = day(entry.find("BookgDt"), where) or value_on or made_on
    if booked_on is None:
        raise BadInput(f"{where}: no day on which it was booked")
    within = entry.findall("NtryDtls")
    if sum(len(part.findall("TxDtls")) for part in within) != len(details):
        raise BadInput(f"{where}: details where there are none")
    batch = within[0].find("Btch") if within else None
    count = _count(word(batch, "NbOfTxs"), where) if batch is not None else 0
    same: dict[str, Any] = {
        "booked_on": booked_on,
        "value_on": value_on or booked_on,
        "reversal": word(entry, "RvslInd") in _TRUE,
        "bank_reference": word(entry, "AcctSvcrRef"),
        "message_id": word(batch, "MsgId") or _common(details, "message_id"),
        "payment_information_id": word(batch, "PmtInfId") or _common(details, "payment_information_id"),
        "code": _booking_code(entry.find("BkTxCd")),
    }
    if len(details) > 1 and (shares := _shares(details, kind, total)):
        return [
            StatementLine(number + place, side, share, return_reason=one.returned, **_over(same, one.line))
            for place, (one, (side, share)) in enumerate(zip(details, shares, strict=True))
        ]
    if len(details) == 1 and count <= 1:
        (one,) = details
        return [StatementLine(number, kind, total, return_reason=one.returned, **_over(same, one.line))]
    if batch is None and not details:
        count = 1
    remittance = word(entry, "AddtlNtryInf")
    return [StatementLine(number, kind, total, count=count or len(details), remittance=remittance, **same)]


def _shares(details: list[_Detail], kind: LineKind, total: Money) -> list[tuple[LineKind, Money]]:
    """Side and amount of each detail if all have one and they sum up to the entry, else none."""
    shares = [(one.kind or kind, next((of for of in one.amounts if of.asset == total.asset), None)) for one in details]
    if any(share is None or not share.minor for _, share in shares):
        return []
    known = [(side, share) for side, share in shares if share is not None]
    if sum(share.minor if side is kind else -share.minor for side, share in known) != total.minor:
        return []
    return known


def _common(details: list[_Detail], name: str) -> str:
    """What every detail names, or ''."""
    named = {one.line[name] for one in details}
    return named.pop() if len(named) == 1 else ""


def _over(same: dict[str, Any], own: dict[str, str]) -> dict[str, Any]:
    return {**same, **{name: text for name, text in own.items() if text}}


def _detail(details: Element, where: str) -> _Detail:
    refs, parties, side = details.find("Refs"), details.find("RltdPties"), word(details, "CdtDbtInd")
    end_to_end, returns = word(refs, "EndToEndId"), details.find("RtrInf")
    returned = "" if returns is None else code(returns.find("Rsn"))
    line = {
        "bank_reference": word(refs, "AcctSvcrRef"),
        "end_to_end_id": "" if end_to_end == NOT_PROVIDED else end_to_end,
        "message_id": word(refs, "MsgId"),
        "payment_information_id": word(refs, "PmtInfId"),
        "remittance": _remittance(details),
    }
    if parties is not None:
        ours, theirs = ("Dbtr", "Cdtr") if side != "CRDT" or returned else ("Cdtr", "Dbtr")
        party = theirs if parties.find(theirs) is not None else ours
        named, account = parties.find(party), down(parties, f"{party}Acct", "Id")
        line["counterparty"] = word(named, "Nm") or said(named, "Pty", "Nm")
        line["counterparty_account"] = word(account, "IBAN") or said(account, "Othr", "Id")
    return _Detail(KINDS.get(side), tuple(_amounts(details, where)), line, returned)


def _amounts(details: Element, where: str) -> Iterator[Money]:
    told = details.find("AmtDtls")
    ways = (("TxAmt", "Amt"), ("CntrValAmt", "Amt"), ("InstdAmt", "Amt"))
    for found in (details.find("Amt"), *(down(told, *way) for way in ways)):
        try:
            if found is not None:
                yield amount(found, where)
        except BadInput:
            # A detail may tell what was ordered in another currency; the entry itself says what was booked.
            continue


def _remittance(details: Element) -> str:
    given = details.find("RmtInf")
    if given is not None:
        lines = [clean(one.text or "") for one in given.findall("Ustrd")[:20]]
        text = " ".join(line for line in lines if line) or said(given, "Strd", "CdtrRefInf", "Ref")
        if text:
            return text[:500]
    return word(details, "AddtlTxInf")


def _booking_code(given: Element | None) -> str:
    domain = given.find("Domn") if given is not None else None
    if domain is None:
        return said(given, "Prtry", "Cd")
    family = domain.find("Fmly")
    return "-".join(filter(None, (word(domain, "Cd"), word(family, "Cd"), word(family, "SubFmlyCd"))))


def _kind(element: Element, where: str) -> LineKind:
    kind = KINDS.get(word(element, "CdtDbtInd"))
    if kind is None:
        raise BadInput(f"{where}: neither CRDT nor DBIT")
    return kind


def _count(text: str, where: str, most: int = _COUNT_MAX) -> int:
    """A Max15NumericText, or a number of a series with zeros before it."""
    text = text.strip()
    if not text:
        return 0
    if len(text) > most or not (text.isascii() and text.isdigit()):
        raise BadInput(f"{where}: no number: {text!a:.20}")
    return int(text)


def _page(record: Element) -> tuple[int, bool]:
    """A Pagination: number, and whether it is the last."""
    return _count(word(record, "PgNb"), record.tag), word(record, "LastPgInd") in _TRUE


def _bound(record: Element, *names: str) -> date | None:
    text = said_first(record, *((name,) for name in names))
    return a_day(text, "FrToDt") if text else None


def _balance(statement: _Open, record: Element) -> None:
    kind = code(down(record, "Tp", "CdOrPrtry"))
    where = f"balance {kind!a:.12}"
    if kind not in (*_OPENING, *_CLOSING, _BETWEEN):
        return
    given = amount(record.find("Amt"), where)
    if given.asset.code != (statement.asset or given.asset.code):
        raise BadInput(f"{where}: {given.asset.code} on an account in {statement.asset}")
    statement.asset = given.asset.code
    signed = given if _kind(record, where) is LineKind.CREDIT else Money(-given.minor, given.asset)
    if kind == _BETWEEN or code(down(record, "Tp", "SubTp")) == _INTERMEDIATE:
        statement.between.append(signed)
        return
    # Of several the first opens and the last closes.
    if kind in _CLOSING or kind not in statement.balances:
        statement.balances[kind] = signed
    on = day(record.find("Dt"), where)
    if kind in _CLOSING and (statement.to_on is None or statement.to_on_of_balance):
        statement.to_on, statement.to_on_of_balance = on, True


def _closed(root: str, statement: _Open, page: tuple[int, bool]) -> BankStatement:
    if not statement.account:
        raise BadInput("a statement that names no account")
    if not statement.asset:
        raise BadInput("a statement that names no currency")
    if statement.claimed not in {None, statement.entries, statement.entries - statement.left_out}:
        raise BadInput(f"statement {statement.id!a:.40}: {statement.entries} entries, and it says {statement.claimed}")
    opening = next((statement.balances[kind].minor for kind in _OPENING if kind in statement.balances), None)
    closing = next((statement.balances[kind].minor for kind in _CLOSING if kind in statement.balances), None)
    if not statement.page and (statement.between or opening is None or closing is None):
        # Old versions number the pages of the message; a statement that is whole is none of them.
        statement.page, statement.last = page
    begins, ends = _place(root, statement, opens=opening is not None, closes=closing is not None)
    between = [balance.minor for balance in statement.between]
    if opening is None and not begins and between:
        opening = between[0]
    # One balance between pages is at one end of this one: where it opens, if it does not open otherwise.
    if closing is None and not ends and (len(between) > 1 or (between and begins)):
        closing = between[-1]
    if root == "camt.053" and opening is not None and closing is not None:
        if not statement.page or (begins and ends):
            agrees(opening, statement.lines, closing, f"statement {statement.id!a:.40}")
        elif opening + sum(line.signed for line in statement.lines) != closing:
            # Each page repeats the balances of the whole, which are looked at once it is whole.
            opening, closing = opening if begins else None, closing if ends else None
    return BankStatement(
        root=root,
        statement_id=statement.id,
        account=statement.account,
        asset=statement.asset,
        sequence=statement.sequence,
        opening=opening,
        closing=closing,
        from_on=statement.from_on,
        to_on=statement.to_on or statement.made_on,
        lines=tuple(statement.lines),
        left_out=statement.left_out,
        pages=(statement.page, statement.page),
        begins=begins,
        ends=ends,
    )


def _place(root: str, statement: _Open, *, opens: bool, closes: bool) -> tuple[bool, bool]:
    """Whether it has the first page, and the last: by number, or because of a balance between pages."""
    if root != "camt.053":
        return True, True
    if statement.page:
        return statement.page == 1, statement.last
    if not statement.between or opens == closes:
        return True, True
    return opens, closes


def _maker(of: tuple[str, str]) -> Callable[[], Taker]:
    return lambda: _Statements(*of)


MAKERS: Mapping[str, Callable[[], Taker]] = {name: _maker(of) for name, of in MESSAGES.items()}
"""What takes each message."""


def statements_of(takers: Sequence[Taker]) -> list[BankStatement]:
    """What those of MAKERS have taken; pages that follow one another are one.

    Raises:
        BadInput: There is no statement in one.
    """
    found: list[BankStatement] = []
    for taker in takers:
        assert isinstance(taker, _Statements), "not made by MAKERS"
        if not taker.statements:
            raise BadInput("a message without a statement")
        found += taker.statements
    return joined(found)


def read_camt(source: bytes | BinaryIO) -> list[BankStatement]:
    """The statements of a file; one without lines is valid.

    Raises:
        BadInput: No such message, or something in it is not right; it names the entry.
    """
    return statements_of(read(source, MAKERS))
