"""PDFs written by hand, byte by byte: what tests need of the format, sound and unsound."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def pdf(pages: Sequence[Sequence[str]], *, trailer: str = "", compress: bool = False) -> bytes:
    """A PDF with one font; each page a list of lines from top to bottom, '' for a blank one."""
    streams = [stream(_content(lines), compress=compress) for lines in pages]
    return of_streams(streams, trailer=trailer)


def of_streams(streams: Sequence[bytes], *, trailer: str = "", extra: Sequence[bytes] = ()) -> bytes:
    """A PDF of one page for each content stream; `extra` are further objects after them."""
    count = len(streams)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(streams):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>".encode()
        )
        objects.append(content)
    return assemble([*objects, *extra], trailer)


def assemble(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """Objects, numbered from 1, with the table that says where they lie."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def stream(data: bytes, *, compress: bool = False, times: int = 1) -> bytes:
    """A stream object, deflated if asked, `times` over."""
    filters = ""
    if compress:
        for _ in range(times):
            data = zlib.compress(data, 9)
        filters = f"/Filter [{'/FlateDecode ' * times}]"
    return f"<< /Length {len(data)} {filters} >>\nstream\n".encode() + data + b"\nendstream"


def _content(lines: Sequence[str]) -> bytes:
    shown = b"".join(
        b"(%s) Tj T*\n" % line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        for line in lines
    )
    return b"BT /F1 11 Tf 14 TL 72 740 Td\n" + shown + b"ET"
