"""Bytes of a stranger: nothing outside them is touched, nothing in them runs away, and each is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.iso20022.document import (
    ATTRIBUTES_MAX,
    BODY_MAX_BYTES,
    DEPTH_MAX,
    ELEMENTS_MAX,
    DocumentRefused,
    Message,
    MessageError,
    UnknownMessage,
    read,
)
from adapters.banks.iso20022.orders import decode
from tests.adapters.iso_messages import document, resolution, status
from tests.each import each

GOOD = resolution(status(held="1.00"))
TEXT = GOOD.decode()
SECRET = "00055566677788"


def refused(body: bytes) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        decode(body)
    return caught.value


def unknown(body: bytes) -> UnknownMessage:
    with pytest.raises(UnknownMessage) as caught:
        decode(body)
    return caught.value


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPES = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>',
    "quadratic blowup": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>',
    "file": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    "network": '<!DOCTYPE x [<!ENTITY f SYSTEM "http://127.0.0.1:9/x">]>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    "external subset": '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    "empty": "<!DOCTYPE Document>",
}


@each("name", DOCTYPES)
def test_a_document_type_is_refused_before_it_is_looked_at(name: str) -> None:
    found = refused((DOCTYPES[name] + TEXT.replace("Police", "&f;")).encode())
    assert found.where == "DOCTYPE"


def test_an_undeclared_entity_is_no_xml() -> None:
    assert "undefined entity" in refused(TEXT.replace("Police", "&f;").encode()).reason


@each("place", ["<?xml-stylesheet href='x'?>{}", "{}<?php ?>"])
def test_a_processing_instruction_is_refused(place: str) -> None:
    assert "processing instruction" in refused(place.format(TEXT).encode()).reason


def test_an_include_is_an_element_like_any_other() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    message, _ = read(TEXT.replace("<Sts>", include + "<Sts>").encode())
    assert message is Message.RESOLUTION


def test_size() -> None:
    assert "larger than" in refused(b" " * (BODY_MAX_BYTES + 1)).reason
    padded = GOOD + b" " * (BODY_MAX_BYTES - len(GOOD))
    assert decode(padded) == decode(GOOD)


def test_depth() -> None:
    assert "deeper" in refused(document(Message.RESOLUTION, "<a>" * DEPTH_MAX + "</a>" * DEPTH_MAX)).reason


def test_number_of_elements() -> None:
    assert "elements" in refused(document(Message.RESOLUTION, "<a/>" * ELEMENTS_MAX)).reason


def test_number_of_attributes() -> None:
    many = " ".join(f'a{n}="1"' for n in range(ATTRIBUTES_MAX + 1))
    assert "attributes" in refused(document(Message.RESOLUTION, f"<a {many}/>")).reason


def test_a_long_namespace_is_not_written_out_for_every_element() -> None:
    assert "namespace" in refused(document(Message.RESOLUTION, f"<a xmlns='{'u' * 201}'>{'<b/>' * 9}</a>")).reason


def test_a_text_in_pieces_is_whole() -> None:
    pieces = resolution(status(held="1.00").replace("1.00", "1<!-- and --><![CDATA[.]]>&#48;0"))
    assert decode(pieces.replace(b"&#48;", b"0")) == decode(pieces) == decode(GOOD)


# -- characters ----------------------------------------------------------------------------------------------------


@each(
    "body",
    [
        TEXT.replace("Police", "Polizei ä").encode("latin-1"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-32"),
        b"\xff\xfe" + GOOD,
        GOOD.replace(b"Police", b"\xed\xa0\x80"),
        GOOD.replace(b"Police", b"\xc0\xaf"),
        GOOD.replace(b"Police", b"\x00"),
        GOOD.replace(b"Police", b"&#0;"),
        GOOD.replace(b"Police", b"&#xD800;"),
        GOOD.replace(b"Police", b"\x01"),
    ],
)
def test_another_encoding_or_a_character_that_cannot_be(body: bytes) -> None:
    refused(body)


@each("encoding", ["ISO-8859-1", "UTF-16", "UTF-7", "windows-1252", "cp037", "nonsense"])
def test_another_encoding_is_not_believed(encoding: str) -> None:
    refused(f'<?xml version="1.0" encoding="{encoding}"?>{TEXT}'.encode())


@each(
    "before", [b"\xef\xbb\xbf", b'<?xml version="1.0"?>', b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n']
)
def test_utf_8_however_it_is_said(before: bytes) -> None:
    assert decode(before + GOOD) == decode(GOOD)


@each("body", [b"", b" ", b"{}", b"Document", GOOD[:-5], GOOD + GOOD, GOOD.replace(b"</Sts>", b"</x>")])
def test_what_is_no_xml(body: bytes) -> None:
    refused(body)


# -- another message -----------------------------------------------------------------------------------------------


@each(
    ("body", "reason"),
    [
        (b"<a/>", "the root element must be Document"),
        (b"<Document/>", "not one of ISO 20022"),
        (b'<Document xmlns="urn:example"/>', "not one of ISO 20022"),
        (b'<x:Document xmlns:x="urn:swift:xsd:camt.029.001.09"/>', "not one of ISO 20022"),
        (GOOD.replace(b"camt.029.001.09", b"camt.029.001.12"), "camt.029.001.12 is none of camt.056.001.08"),
        (GOOD.replace(b"camt.029.001.09", b"pain.001.001.09"), "pain.001.001.09 is none of"),
        (GOOD.replace(b"camt.029.001.09", SECRET.encode()), "its namespace is none of"),
        (GOOD.replace(b"camt.029.001.09", b"pacs.004.001.09"), "pacs.004.001.09 holds PmtRtr"),
        (document(Message.RESOLUTION, ""), "must hold one element"),
        (document(Message.RESOLUTION, "<RsltnOfInvstgtn/><RsltnOfInvstgtn/>"), "must hold one element"),
        (document(Message.RESOLUTION, '<RsltnOfInvstgtn xmlns="urn:x"/>'), "holds RsltnOfInvstgtn"),
    ],
)
def test_another_message_is_named(body: bytes, reason: str) -> None:
    found = unknown(body)
    assert reason in str(found)
    assert SECRET not in str(found)


def test_prefixes_do_not_matter() -> None:
    prefixed = TEXT.replace("</", "</i:").replace("<", "<i:").replace("<i:/i:", "</i:").replace("xmlns=", "xmlns:i=")
    assert decode(prefixed.encode()) == decode(GOOD)


def test_an_element_of_another_namespace_is_not_ours() -> None:
    foreign = status(held="1.00").replace("<TxInfAndSts>", '<TxInfAndSts xmlns="urn:x">')
    update = decode(resolution(foreign))
    assert "no transfer is named" in str(update)


# -- nothing personal in an error, and nothing but an error -----------------------------------------------------------


@each(
    "body",
    [
        f"<a>{SECRET}".encode(),
        f"<{SECRET}/>".encode(),
        f"<a{SECRET}/>".encode(),
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{SECRET}"/>'.encode(),
        document(Message.RESOLUTION, f"<A{SECRET}/>"),
        document(Message.RESOLUTION, f"<?a{SECRET} ?>"),
        document(Message.HOLD_REQUEST, f"<FIToFIPmtCxlReq><Case><Id>{SECRET}</Id></Case></FIToFIPmtCxlReq>"),
    ],
)
def test_an_error_repeats_no_value(body: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        decode(body)
    assert SECRET not in str(caught.value)
    assert caught.value.where
    assert caught.value.reason
    assert caught.value.__cause__ is None


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(body: bytes) -> None:
    with pytest.raises(MessageError):
        decode(body)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=0, max_size=3))
def test_any_change_of_a_message_is_read_or_refused_by_name(place: int, put: bytes) -> None:
    with suppress(MessageError):
        decode(GOOD[:place] + put + GOOD[place + 1 :])


@given(
    st.sampled_from(["RsltnOfInvstgtn", "RslvdCase", "Sts", "CxlDtls", "TxInfAndSts", "RsltnRltdInf", "Id"]), st.text()
)
def test_any_text_in_any_place_is_read_or_refused_by_name(name: str, put: str) -> None:
    changed = TEXT.replace(f"<{name}>", f"<{name}>{put}", 1)
    with suppress(MessageError):
        decode(changed.encode("utf-8", "surrogatepass"))
