"""Writes camt.052, .053 and .054 in the versions 02 (2009) and 08 (2019)."""

from collections.abc import Iterable

from simulators.bank.values import Detail, Entry, Format, Report, Terms
from simulators.bank.xml import document, el, moment, money, side, text

_ROOTS = {
    Format.CAMT_052: ("BkToCstmrAcctRpt", "Rpt"),
    Format.CAMT_053: ("BkToCstmrStmt", "Stmt"),
    Format.CAMT_054: ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def write(form: Format, report: Report, terms: Terms) -> bytes:
    """The message; a statement names batches alone, a notification and a report each payment of them."""
    root, part = _ROOTS[form]
    whole = form is not Format.CAMT_053
    return document(
        f"camt.{form[-3:]}.001.{terms.camt}",
        el(
            root,
            el("GrpHdr", text("MsgId", report.id), moment("CreDtTm", report.made_at)),
            el(
                part,
                text("Id", report.id),
                # Only statements are a series: what comes within the day has numbers of its own at every bank, or none.
                text("ElctrncSeqNb", report.number) if form is Format.CAMT_053 else "",
                text("LglSeqNb", report.number) if form is Format.CAMT_053 else "",
                moment("CreDtTm", report.made_at),
                _account(report, terms),
                *_balances(form, report),
                _summary(report) if form is Format.CAMT_053 else "",
                *(_entry(entry, terms, whole=whole) for entry in report.entries),
            ),
        ),
    )


def _account(report: Report, terms: Terms) -> str:
    bic = "BIC" if terms.camt == "02" else "BICFI"
    return el(
        "Acct",
        el("Id", text("IBAN", report.iban)),
        text("Ccy", "IRR"),
        el("Ownr", text("Nm", report.owner)),
        el("Svcr", el("FinInstnId", text(bic, terms.bic))),
    )


def _balances(form: Format, report: Report) -> Iterable[str]:
    if form is Format.CAMT_054:
        return ()
    last = "CLBD" if form is Format.CAMT_053 else "ITBD"
    sides = (("OPBD", report.opening, report.first_on), (last, report.closing, report.last_on))
    return [
        el(
            "Bal",
            el("Tp", el("CdOrPrtry", text("Cd", code))),
            money("Amt", amount),
            side(amount),
            el("Dt", text("Dt", day.isoformat())),
        )
        for code, amount, day in sides
    ]


def _summary(report: Report) -> str:
    def total(tag: str, amounts: list[int]) -> str:
        return el(tag, text("NbOfNtries", len(amounts)), text("Sum", abs(sum(amounts))))

    amounts = [entry.amount for entry in report.entries]
    return el(
        "TxsSummry",
        el("TtlNtries", text("NbOfNtries", len(amounts))),
        total("TtlCdtNtries", [one for one in amounts if one >= 0]),
        total("TtlDbtNtries", [one for one in amounts if one < 0]),
    )


def _entry(entry: Entry, terms: Terms, *, whole: bool) -> str:
    day = entry.booked_on.isoformat()
    return el(
        "Ntry",
        text("NtryRef", entry.ref),
        money("Amt", entry.amount),
        side(entry.amount),
        text("RvslInd", "true") if entry.reversal else "",
        text("Sts", "BOOK") if terms.camt == "02" else el("Sts", text("Cd", "BOOK")),
        el("BookgDt", text("Dt", day)),
        el("ValDt", text("Dt", day)),
        text("AcctSvcrRef", entry.ref),
        _code(entry),
        el(
            "NtryDtls",
            _batch(entry) if entry.batch else "",
            *(_payment(one, entry, terms) for one in entry.details if whole or not entry.batch),
        ),
    )


def _code(entry: Entry) -> str:
    """Bank transaction code: credit transfers sent, returned, received (ISO 20022 external code sets)."""
    family, sub = ("ICDT", "RRTN") if entry.reversal else ("ICDT", "ESCT") if entry.amount < 0 else ("RCDT", "ESCT")
    return el(
        "BkTxCd",
        el("Domn", text("Cd", "PMNT"), el("Fmly", text("Cd", family), text("SubFmlyCd", sub))),
    )


def _batch(entry: Entry) -> str:
    first = entry.details[0]
    return el(
        "Btch",
        text("MsgId", first.msg_id),
        text("PmtInfId", first.block_id),
        text("NbOfTxs", len(entry.details)),
        money("TtlAmt", entry.amount),
        side(entry.amount),
    )


def _payment(one: Detail, entry: Entry, terms: Terms) -> str:
    """TxDtls; from version 08 on, amount and side are its own and a party may be an agent too."""
    sender = entry.amount >= 0
    named = text("Nm", one.name)
    party = el("Dbtr" if sender else "Cdtr", named if terms.camt == "02" else el("Pty", named))
    account = el("DbtrAcct" if sender else "CdtrAcct", el("Id", text("IBAN", one.iban)))
    own = terms.camt != "02"
    return el(
        "TxDtls",
        el(
            "Refs",
            text("MsgId", one.msg_id),
            text("AcctSvcrRef", entry.ref),
            text("PmtInfId", one.block_id),
            text("InstrId", one.instr_id),
            text("EndToEndId", one.end_to_end_id or "NOTPROVIDED"),
        ),
        money("Amt", one.amount) + side(entry.amount) if own else "",
        "" if own else el("AmtDtls", el("TxAmt", money("Amt", one.amount))),
        el("RltdPties", party, account),
        el("RmtInf", text("Ustrd", one.remittance)),
        el("RtrInf", el("Rsn", text("Cd", one.reason))) if one.reason else "",
    )
