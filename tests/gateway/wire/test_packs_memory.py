"""A hostile pack takes no more memory than a day of a bank: measured in a process of its own."""

import json
import subprocess
import sys

MEMBER_MAX = 3_000_000
PROGRAM = f"""
import gzip, io, json, resource, struct, zipfile
from pathlib import Path

import gateway.services.banking as banking
from gateway.errors import BadInput
from gateway.wire import packs
from gateway.wire.bankcsv import read_profile
from gateway.wire.statements import read_any

MAX, HEAD = {MEMBER_MAX}, b"<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>A</IBAN></Id></Acct><Ntry>"
PROFILE = read_profile(Path(banking.__file__).parent / "profiles" / "csv_signed.toml")
FULL = MAX // 10 * 9

def zipped(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as pack:
        for name, octets in files:
            pack.writestr(name, octets)
    return out.getvalue()

def filled(head, piece):
    return head + piece * ((FULL - len(head)) // len(piece))

lying = bytearray(zipped([("a.xml", bytes(FULL))]))
for place in (lying.index(b"PK\\x03\\x04") + 22, lying.index(b"PK\\x01\\x02") + 24):
    lying[place : place + 4] = struct.pack("<L", 9)
HOSTILE = (
    zipped([("a.xml", bytes(FULL))]),
    bytes(lying),
    gzip.compress(bytes(40 * MAX), 1),
    zipped([(str(n), bytes(1_000_000)) for n in range(700)]),
    zipped([(str(n), b"") for n in range(10_000)]),
    *(zipped([("a", filled(head, piece))], zipfile.ZIP_STORED) for head, piece in (
        (HEAD, b"<NtryDtls><TxDtls/></NtryDtls>"), (HEAD, b"<a>"), (HEAD, b"x"), (HEAD[:-6], b"<Ntry/>"),
        (b"<a>", b"<b></b>"), (b"<a>", b"<b>"), (b"<!DOCTYPE a [", b"<!ENTITY b 'c'>"), (HEAD[:-6], b"<!--->-->"),
        (b":20:S\\n:25:A\\n:28C:1\\n:60F:C261126IRR1,\\n", b":61:261127C1,NTRF\\n"),
        (b":20:S\\n:25:A\\n:86:", b"x\\n"), (b":20:S\\n:25:A\\n", b":20:\\n"), (b"", b"\\xff\\xfe"), (b"", b" "),
        (b"date,amount\\n", b"\\n"), (b'"', b"x"), (b"", b",,,,"), (b"\\xff\\xfe<", b"\\0<"), (b"", b'",\\n"'),
    )),
)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = []
for octets in HOSTILE:
    try:
        for member in packs.members(octets, name="day.zip", member_max=MAX):
            if member.fault:
                raise BadInput(member.fault)
            read_any(member.octets, PROFILE)
        said.append("")
    except BadInput as problem:
        said.append(str(problem))
print(json.dumps([said, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024]))
"""


def test_a_hostile_pack_is_refused_in_the_memory_of_a_large_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=True)
    said, memory = json.loads(done.stdout)
    assert all(said), said
    # One record that is being read, a megabyte of elements without anything in them, takes most of it.
    assert memory < 160 * 1024 * 1024, (memory, said)
