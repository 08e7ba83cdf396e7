"""Makes small PDFs by hand, so that each test says what is in its document."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pdf(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects; the first is the catalog."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    )  # fmt: skip


def document(*contents: bytes, page: bytes = b"/MediaBox[0 0 600 800]", packed: bool = False) -> bytes:
    """A PDF with one page for each content stream, set in Helvetica as /F1."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(len(contents)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % len(contents), FONT]
    for index, content in enumerate(contents):
        body = zlib.compress(content, 9) if packed else content
        extra = b"/Filter/FlateDecode" if packed else b""
        objects.append(
            b"<</Type/Page/Parent 2 0 R"
            + page
            + b"/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>" % (5 + 2 * index)
        )
        objects.append(b"<</Length %d" % len(body) + extra + b">>stream\n" + body + b"\nendstream")
    return pdf(objects)


def line(text: str, x: float = 50, y: float = 700, size: float = 12, before: str = "") -> bytes:
    """One line of text; `before` holds operators that come before it is shown."""
    return f"BT /F1 {size} Tf {before} 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n".encode("latin-1")


def encrypted(data: bytes, user: str) -> bytes:
    """The document with an owner password and this user password."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as file:
        file.save(out, encryption=pikepdf.Encryption(owner="keeper", user=user, R=6))
    return out.getvalue()


def picture(width: int = 600, height: int = 800) -> bytes:
    """A page that is one grey picture."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("L", (width, height), 200).save(out, format="PDF")
    return out.getvalue()
