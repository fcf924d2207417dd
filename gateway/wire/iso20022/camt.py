"""camt.052, camt.053 and camt.054 of any version: reports, statements and notifications of accounts.

What a file is says the element below its root, and one that is not known is refused: a report that is read as a
statement of no rows is worse than none. Entries that are not booked are no lines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from gateway.errors import BadInput
from gateway.wire.iso20022.reading import Taker, read
from gateway.wire.iso20022.values import a_day, amount, clean, code, day, down, said, said_first, word
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

KINDS = {"CRDT": LineKind.CREDIT, "DBIT": LineKind.DEBIT}
MESSAGES: Mapping[str, tuple[str, str]] = {
    "BkToCstmrAcctRpt": ("camt.052", "Rpt"),
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
"""By the message's element: what it is called, and the element of each account."""
NOT_PROVIDED = "NOTPROVIDED"
_BOOKED, _OPEN = "BOOK", frozenset({"PDNG", "INFO", "FUTR"})
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_COUNT_MAX = 15


@dataclass(frozen=True, slots=True)
class _Detail:
    """One TxDtls; `amount` is None where it does not say it in a currency that is kept."""

    kind: LineKind | None
    amount: Money | None
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
    from_on: date | None = None
    to_on: date | None = None
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
        self.statements: list[BankStatement] = []

    def begin(self, part: str) -> None:
        if part == self._part:
            self._open = _Open()

    def detail(self, details: Element) -> None:
        self._details.append(_detail(details, f"entry {self._open.entries + 1}"))

    def take(self, part: str, record: Element) -> None:
        if part != self._part:
            return
        statement, name = self._open, record.tag
        if name == "Ntry":
            self._entry(record)
        elif name == "Bal":
            _balance(statement, record)
        elif name == "Acct":
            statement.account = said_first(record, ("Id", "IBAN"), ("Id", "Othr", "Id"))
            statement.asset = said(record, "Ccy") or statement.asset
        elif name == "Id":
            statement.id = clean(record.text or "")[:70]
        elif name in {"ElctrncSeqNb", "LglSeqNb"} and not statement.sequence:
            statement.sequence = _count(record.text or "", name)
        elif name == "CreDtTm":
            statement.made_on = a_day((record.text or "").strip(), name)
        elif name == "TxsSummry" and (text := said(record, "TtlNtries", "NbOfNtries")):
            statement.claimed = _count(text, "TxsSummry")
        elif name == "FrToDt":
            statement.from_on = _bound(record, "FrDtTm", "FrDt")
            statement.to_on = _bound(record, "ToDtTm", "ToDt")

    def end(self, part: str) -> None:
        if part == self._part:
            self.statements.append(_closed(self._root, self._open))

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
        statement.lines += _lines(entry, total, details, len(statement.lines) + 1, statement.made_on, where)


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
        "reversal": word(entry, "RvslInd") in {"true", "1"},
        "bank_reference": word(entry, "AcctSvcrRef"),
        "message_id": word(batch, "MsgId"),
        "payment_information_id": word(batch, "PmtInfId"),
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
    shares = [(one.kind or kind, one.amount) for one in details]
    if any(share is None or share.asset != total.asset or not share.minor for _, share in shares):
        return []
    known = [(side, share) for side, share in shares if share is not None]
    if sum(share.minor if side is kind else -share.minor for side, share in known) != total.minor:
        return []
    return known


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
    return _Detail(KINDS.get(side), _detail_amount(details, where), line, returned)


def _detail_amount(details: Element, where: str) -> Money | None:
    found = details.find("Amt")
    if found is None:
        found = down(details, "AmtDtls", "TxAmt", "Amt")
    try:
        return None if found is None else amount(found, where)
    except BadInput:
        # A detail may tell what was ordered in another currency; the entry itself says what was booked.
        return None


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


def _count(text: str, where: str) -> int:
    """A Max15NumericText, or a number of a series with zeros before it."""
    text = text.strip()
    if not text:
        return 0
    if len(text) > _COUNT_MAX or not (text.isascii() and text.isdigit()):
        raise BadInput(f"{where}: no number: {text!a:.20}")
    return int(text)


def _bound(record: Element, *names: str) -> date | None:
    text = said_first(record, *((name,) for name in names))
    return a_day(text, "FrToDt") if text else None


def _balance(statement: _Open, record: Element) -> None:
    kind = code(down(record, "Tp", "CdOrPrtry"))
    where = f"balance {kind!a:.12}"
    if kind not in (*_OPENING, *_CLOSING):
        return
    given = amount(record.find("Amt"), where)
    if given.asset.code != (statement.asset or given.asset.code):
        raise BadInput(f"{where}: {given.asset.code} on an account in {statement.asset}")
    statement.asset = given.asset.code
    signed = given if _kind(record, where) is LineKind.CREDIT else Money(-given.minor, given.asset)
    # Of several pages the first opens and the last closes.
    if kind in _CLOSING or kind not in statement.balances:
        statement.balances[kind] = signed
    on = day(record.find("Dt"), where)
    if kind in _CLOSING and statement.to_on is None:
        statement.to_on = on


def _closed(root: str, statement: _Open) -> BankStatement:
    if not statement.account:
        raise BadInput("a statement that names no account")
    if not statement.asset:
        raise BadInput("a statement that names no currency")
    if statement.claimed not in {None, statement.entries, statement.entries - statement.left_out}:
        raise BadInput(f"statement {statement.id!a:.40}: {statement.entries} entries, and it says {statement.claimed}")
    opening = next((statement.balances[kind].minor for kind in _OPENING if kind in statement.balances), None)
    closing = next((statement.balances[kind].minor for kind in _CLOSING if kind in statement.balances), None)
    if root == "camt.053" and opening is not None and closing is not None:
        agrees(opening, statement.lines, closing, f"statement {statement.id!a:.40}")
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
    )


def agrees(opening: int, lines: list[StatementLine], closing: int, where: str) -> None:
    """Check that the opening balance and all lines make the closing balance.

    Raises:
        BadInput: They do not; it says by how much.
    """
    if difference := opening + sum(line.signed for line in lines) - closing:
        raise BadInput(f"{where}: the balances and the lines differ by {difference}")


def _maker(of: tuple[str, str]) -> Callable[[], Taker]:
    return lambda: _Statements(*of)


MAKERS: Mapping[str, Callable[[], Taker]] = {name: _maker(of) for name, of in MESSAGES.items()}
"""What takes each message."""


def statements_of(taker: Taker) -> list[BankStatement]:
    """What one of MAKERS has taken.

    Raises:
        BadInput: There is no statement in it.
    """
    assert isinstance(taker, _Statements), "not made by MAKERS"
    if not taker.statements:
        raise BadInput("a message without a statement")
    return _joined(taker.statements)


def _joined(pages: list[BankStatement]) -> list[BankStatement]:
    """Pages of one statement that follow one another as one: the first does not close, or the next does not open."""
    joined: list[BankStatement] = []
    for page in pages:
        before = joined[-1] if joined else None
        if before is None or not _continues(before, page):
            joined.append(page)
            continue
        lines = before.lines + tuple(replace(line, number=len(before.lines) + line.number) for line in page.lines)
        whole = replace(
            before, closing=page.closing, to_on=page.to_on, lines=lines, left_out=before.left_out + page.left_out
        )
        if whole.opening is not None and whole.closing is not None:
            agrees(whole.opening, list(lines), whole.closing, f"statement {whole.statement_id!a:.40}")
        joined[-1] = whole
    return joined


def _continues(before: BankStatement, page: BankStatement) -> bool:
    same = (before.statement_id, before.account, before.asset, before.sequence)
    follows = same == (page.statement_id, page.account, page.asset, page.sequence)
    return follows and before.root == "camt.053" and before.closing is None and page.opening is None


def read_camt(source: bytes | BinaryIO) -> list[BankStatement]:
    """The statements of a file; one without lines is valid.

    Raises:
        BadInput: No such message, or something in it is not right; it names the entry.
    """
    return statements_of(read(source, MAKERS))
