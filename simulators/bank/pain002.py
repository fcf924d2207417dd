"""Writes pain.002.001.03 and .10: what became of an order."""

from itertools import groupby

from simulators.bank.values import Said, Word
from simulators.bank.xml import document, el, moment, money, text


def write(word: Word) -> bytes:
    """The message."""
    return document(
        f"pain.002.001.{word.version}",
        el(
            "CstmrPmtStsRpt",
            el("GrpHdr", text("MsgId", word.id), moment("CreDtTm", word.made_at)),
            el(
                "OrgnlGrpInfAndSts",
                text("OrgnlMsgId", word.msg_id),
                text("OrgnlMsgNmId", f"pain.001.001.{word.order_version}"),
                text("GrpSts", word.group),
                _reason(word.reason, word.text),
            ),
            *(_block(block_id, list(said)) for block_id, said in groupby(word.said, key=lambda one: one.block_id)),
        ),
    )


def _block(block_id: str, said: list[Said]) -> str:
    return el("OrgnlPmtInfAndSts", text("OrgnlPmtInfId", block_id), *map(_payment, said))


def _payment(one: Said) -> str:
    return el(
        "TxInfAndSts",
        text("OrgnlInstrId", one.instr_id),
        text("OrgnlEndToEndId", one.end_to_end_id),
        text("TxSts", one.status),
        _reason(one.reason),
        "" if one.amount is None else el("OrgnlTxRef", el("Amt", money("InstdAmt", one.amount))),
    )


def _reason(code: str, words: str = "") -> str:
    return el("StsRsnInf", el("Rsn", text("Cd", code)), text("AddtlInf", words[:105])) if code else ""
