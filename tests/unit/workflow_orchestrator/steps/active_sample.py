"""Makes a PDF that asks its reader to run programs, open addresses and send forms, in every way that the format has."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

_EXTERNAL = "/External"


def active_document(sheet: bytes, address: str, program: Path, secret: Path) -> bytes:
    """A good PDF with orders to its reader added.

    Args:
        sheet: the good PDF.
        address: of a server, that each address in the file leads to.
        program: that each launch action and each script starts.
        secret: a file with drawing operators, that the page names as a part of its contents.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(sheet)) as document:
        orders = _Orders(document, address, program)
        _catalog(document, orders)
        _annotations(document, orders)
        _outside(document, orders, secret)
        out = io.BytesIO()
        document.save(out, static_id=True)
        return out.getvalue()


class _Orders:
    """Action dictionaries (ISO 32000-1, 12.6.4), each with the next one behind it."""

    def __init__(self, document: Any, address: str, program: Path) -> None:
        import pikepdf

        self.document, self.address, self.program = document, address, str(program)
        self._dictionary, self._name = pikepdf.Dictionary, pikepdf.Name

    def url(self, path: str) -> Any:
        """A file specification of an address."""
        return self._dictionary(Type=self._name.Filespec, FS=self._name.URL, F=f"{self.address}/{path}")

    def script(self) -> str:
        return (
            f"app.launchURL('{self.address}/launch', true); this.submitForm('{self.address}/submit');"
            f"var r = Net.HTTP.request({{cVerb: 'GET', cURL: '{self.address}/net'}});"
            f"this.exportDataObject({{cName: 'order', nLaunch: 2}}); app.openDoc('{self.program}');"
        )

    def all(self) -> list[Any]:
        name, make = self._name, self._dictionary
        program = make(F=self.program, D=str(Path(self.program).parent), O="open", P="")
        return [
            make(S=name.JavaScript, JS=self.script()),
            make(S=name.Launch, F=self.program, Unix=self.program, Mac=self.program, Win=program, NewWindow=True),
            make(S=name.URI, URI=f"{self.address}/uri"),
            make(S=name.GoToR, F=self.url("remote.pdf"), D=[0, name.Fit]),
            make(S=name.GoToE, F=self.url("embedded.pdf"), D=[0, name.Fit], T=make(R=name.C, N="order")),
            make(S=name.SubmitForm, F=self.url("form"), Flags=4),
            make(S=name.ImportData, F=self.url("data.fdf")),
            make(S=name.Rendition, OP=0, JS=self.script()),
        ]

    def chain(self) -> Any:
        *before, action = self.all()
        for earlier in reversed(before):
            earlier.Next = action
            action = earlier
        return self.document.make_indirect(action)


def _catalog(document: Any, orders: _Orders) -> None:
    import pikepdf

    make, name = pikepdf.Dictionary, pikepdf.Name
    root = document.Root
    root.OpenAction = orders.chain()
    root.AA = make(WC=orders.chain(), WS=orders.chain(), DS=orders.chain(), WP=orders.chain(), DP=orders.chain())
    root.URI = make(Base=f"{orders.address}/base/")
    script = pikepdf.Stream(document, Path(orders.program).read_bytes())
    script.update(make(Type=name.EmbeddedFile, Subtype=name("/text/x-sh")))
    held = make(Type=name.Filespec, F="order.sh", UF="order.sh", EF=make(F=document.make_indirect(script)))
    root.Names = make(
        EmbeddedFiles=make(Names=["order", held]),
        JavaScript=make(Names=["order", make(S=name.JavaScript, JS=orders.script())]),
    )
    form = pikepdf.Stream(document, f'<submit target="{orders.address}/xfa" event="ready"/>'.encode())
    root.AcroForm = make(Fields=[], NeedAppearances=True, XFA=document.make_indirect(form))
    root.Metadata = _elsewhere(orders, "metadata", Type=name.Metadata, Subtype=name.XML)


def _annotations(document: Any, orders: _Orders) -> None:
    import pikepdf

    make, name, page = pikepdf.Dictionary, pikepdf.Name, document.pages[0]
    page.AA = make(O=orders.chain(), C=orders.chain())
    events = make(PO=orders.chain(), PV=orders.chain(), PI=orders.chain(), E=orders.chain(), Fo=orders.chain())
    whole_page = [0, 0, 600, 800]
    button = make(
        Type=name.Annot, Subtype=name.Widget, FT=name.Btn, T="go", Rect=whole_page, A=orders.chain(), AA=events
    )
    button = document.make_indirect(button)
    document.Root.AcroForm.Fields.append(button)
    page.Annots = [
        *(make(Type=name.Annot, Subtype=name.Link, Rect=whole_page, A=action) for action in orders.all()),
        make(Type=name.Annot, Subtype=name.Screen, Rect=whole_page, A=orders.chain(), AA=events),
        button,
        make(Type=name.Annot, Subtype=name.FileAttachment, Rect=[0, 0, 9, 9], FS=orders.url("attached")),
    ]


def _outside(document: Any, orders: _Orders, secret: Path) -> None:
    """Parts of the page that lie elsewhere (ISO 32000-1, 7.3.8.2: `/F` of a stream), at an address or in a file."""
    import pikepdf

    make, name, page = pikepdf.Dictionary, pikepdf.Name, document.pages[0]
    here = pikepdf.Stream(document, b"")
    here.F = str(secret)
    page.contents_add(document.make_indirect(here))
    page.contents_add(_elsewhere(orders, "contents"))
    image = _elsewhere(
        orders, "image", Type=name.XObject, Subtype=name.Image, Width=9, Height=9, BitsPerComponent=8, ColorSpace=name.DeviceGray
    )  # fmt: skip
    copied = pikepdf.Stream(document, b"")
    reference = make(F=orders.url("reference.pdf"), Page=0)
    copied.update(
        make(
            Type=name.XObject,
            Subtype=name.Form,
            BBox=[0, 0, 9, 9],
            Ref=reference,
            OPI=make({"/2.0": make(F=orders.url("opi"))}),
        )
    )
    page.Resources.XObject = make({_EXTERNAL: image, "/Copied": document.make_indirect(copied)})
    page.contents_add(pikepdf.Stream(document, f"q {_EXTERNAL} Do /Copied Do Q".encode()))
    font = make(
        Type=name.Font, Subtype=name.TrueType, BaseFont=name.Far, FirstChar=65, LastChar=65, Widths=[600],
        ToUnicode=_elsewhere(orders, "cmap"),
        FontDescriptor=make(
            Type=name.FontDescriptor, FontName=name.Far, Flags=32, FontBBox=[0, 0, 1, 1], FontFile2=_elsewhere(orders, "font")
        ),
    )  # fmt: skip
    page.Resources.Font[name.Far] = document.make_indirect(font)
    page.contents_add(pikepdf.Stream(document, b"BT /Far 9 Tf 1 0 0 1 400 20 Tm (A) Tj ET"))


def _elsewhere(orders: _Orders, path: str, **more: Any) -> Any:
    import pikepdf

    stream = pikepdf.Stream(orders.document, b"")
    stream.update(pikepdf.Dictionary(F=orders.url(path), **more))
    return orders.document.make_indirect(stream)
