"""Files of banks for the tests, as short as they can be."""

import io
import zipfile
from collections.abc import Mapping

CAMT = {
    "camt.052": ("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("camt.053.001.08", "BkToCstmrStmt", "Stmt"),
    "camt.054": ("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
IBAN = "IR062960000000100324200001"


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A pack of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as pack:
        for name, octets in files.items():
            pack.writestr(name, octets)
    return out.getvalue()


def balance(kind: str, minor: int, currency: str = "IRR") -> str:
    side = "DBIT" if minor < 0 else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(minor)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-11-27</Dt></Dt></Bal>"
    )


def entry(
    amount: object, side: str = "DBIT", details: str = "", *, status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    currency: str = "IRR", more: str = "",
) -> str:  # fmt: skip
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}{status}'
        f"<BookgDt><Dt>2026-11-27</Dt></BookgDt><ValDt><Dt>2026-11-28</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{details}</Ntry>"
    )


def details(*transactions: str, batch: str = "") -> str:
    return f"<NtryDtls>{batch}{''.join(transactions)}</NtryDtls>"


def transaction(end_to_end_id: str, amount: object = None, more: str = "", currency: str = "IRR") -> str:
    said = "" if amount is None else f'<Amt Ccy="{currency}">{amount}</Amt>'
    return f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>{said}{more}</TxDtls>"


def statement(*entries: str, root: str = "camt.053", opening: int | None = None, closing: int | None = None,
              sequence: int = 7, name: str = "STM7", account: str = IBAN, currency: str = "IRR") -> str:  # fmt: skip
    part = CAMT[root][2]
    balances = "" if opening is None else balance("OPBD", opening, currency)
    balances += "" if closing is None else balance("CLBD", closing, currency)
    return (
        f"<{part}><Id>{name}</Id><ElctrncSeqNb>{sequence}</ElctrncSeqNb><CreDtTm>2026-11-27T20:00:00+03:30</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>{balances}{''.join(entries)}</{part}>"
    )


def camt(*statements: str, root: str = "camt.053") -> bytes:
    version, message, _ = CAMT[root]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{message}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-27T20:00:00Z</CreDtTm></GrpHdr>{''.join(statements)}"
        f"</{message}></Document>"
    ).encode()


def pain002(group: str = "", informations: str = "", *, order: str = "ord_1", name: str = "STS1") -> bytes:
    said = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>2026-11-27T09:00:00+03:30</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{order}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{said}"
        f"</OrgnlGrpInfAndSts>{informations}</CstmrPmtStsRpt></Document>"
    ).encode()


def information(*payments: str, name: str = "ord_1", status: str = "") -> str:
    said = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{said}{''.join(payments)}</OrgnlPmtInfAndSts>"


def payment(end_to_end_id: str, status: str, reason: str = "") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}</TxInfAndSts>"


MT940 = """\
{1:F01BKMTIRTHAXXX0000000000}{2:I940BKMTIRTHXXXN}{4:
:20:STM7
:25:IR062960000000100324200001
:28C:7/1
:60F:C261126IRR10000,
:61:2611271127D2500,NTRFE1//R1
:86:166?00TRANSFER?20EREF+E1?21SVWZ+Benefit?22 of Mehr?30BKMTIRTH
?31IR062960000000100324200002?32Reza Mohammadi
:61:261127RD500,NTRFNONREF//R2
:86:/EREF/E2/RTRN/AC04/NAME/Maryam/REMI/USTD//account closed/
:61:2611271127C100,NMSCNONREF//R3
interest
:86:free words
over two lines
:62F:C261127IRR8100,
:64:C261127IRR8100,
:86:have a nice day
-}
"""
