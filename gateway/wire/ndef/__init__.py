"""NDEF messages, and the files of a type 4 tag that hold them (NFC Forum NDEF 1.0, RTD URI and Text, T4T). Pure.

message = encode([uri("https://tapdial.example/rx/1"), media("application/vnd.tapdial.rx+cwt", token)])
for record in decode(message):                  # chunks joined; bytes after the end are refused
record.tnf, record.type, record.payload, record.id
uri_of(record), text_of(record).text            # BadInput for another record

file = write_file((uri("tel:*1420#"),))         # with its length of two bytes before it
read_file(file)                                 # the length must be that of what follows
read_container(Container(size_max=1024).encode())
"""

from gateway.wire.ndef.records import MESSAGE_BYTES_MAX, Record, Tnf, decode, encode
from gateway.wire.ndef.type4 import AID, CC_FILE, NDEF_FILE, Container, read_container, read_file, write_file
from gateway.wire.ndef.wellknown import Text, media, text, text_of, uri, uri_of

__all__ = [
    "AID",
    "CC_FILE",
    "MESSAGE_BYTES_MAX",
    "NDEF_FILE",
    "Container",
    "Record",
    "Text",
    "Tnf",
    "decode",
    "encode",
    "media",
    "read_container",
    "read_file",
    "text",
    "text_of",
    "uri",
    "uri_of",
    "write_file",
]
