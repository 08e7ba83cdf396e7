"""Makes the PDFs that attack a reader: bombs, loops, lies about size and number, depth. Each is made when it is asked for.

They attack what a reader must trust before it can know better: sizes, counts, references, depth, repetition, numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from pdf_sample import FONT, document, line, pdf

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
TREE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
HELLO = line("Fund size 412.6")


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n" % (len(content), extra) + content + b"\nendstream"


def sheet(
    content: bytes = stream(HELLO),
    *more: bytes,
    page: bytes = b"",
    fonts: bytes = b"",
    resources: bytes = b"",
    tree: bytes = TREE,
) -> bytes:
    """One page (object 3) with contents (4), Helvetica (5) and further objects from 6 on."""
    box = b"" if b"MediaBox" in page else b"/MediaBox[0 0 600 800]"
    shown = (
        b"<</Type/Page/Parent 2 0 R"
        + box
        + page
        + b"/Contents 4 0 R/Resources<</Font<</F1 5 0 R"
        + fonts
        + b">>"
        + resources
        + b">>>>"
    )
    return pdf([CATALOG, tree, shown, content, FONT, *more])


def _packed(chunk: bytes, times: int, first: bytes = b"") -> bytes:
    packer = zlib.compressobj(6)
    return b"".join([packer.compress(first), *(packer.compress(chunk) for _ in range(times)), packer.flush()])


def flate_bomb() -> bytes:
    """96 MiB in a content stream of 96 KB: beyond what one stream, and what all streams of a document, may unpack to."""
    return sheet(stream(_packed(b" " * 2**20, 96, HELLO), b"/Filter/FlateDecode"))


def flate_bomb_in_a_bomb() -> bytes:
    """The same packed once more."""
    twice = zlib.compress(_packed(b" " * 2**20, 96, HELLO), 9)
    return sheet(stream(twice, b"/Filter[/FlateDecode/FlateDecode]"))


def run_length_bomb() -> bytes:
    """60 MiB of one byte by runs of 128, packed."""
    return sheet(stream(_packed(b"\x81 " * 2**16, 8), b"/Filter[/FlateDecode/RunLengthDecode]"))


def deep_array() -> bytes:
    return sheet(stream(b"[" * 100_000 + b"]" * 100_000 + b" TJ"))


def deep_dictionary() -> bytes:
    return sheet(page=b"/X " + b"<</A " * 50_000 + b"1" + b">>" * 50_000)


def deep_states() -> bytes:
    """A hundred thousand saved states, none given back."""
    return sheet(stream(b"q " * 100_000 + HELLO))


def form_that_draws_itself() -> bytes:
    form = stream(
        HELLO + b"/X Do /X Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>/XObject<</X 6 0 R>>>>",
    )
    return sheet(stream(b"/X Do"), form, resources=b"/XObject<</X 6 0 R>>")


def billion_laughs() -> bytes:
    """Each of twelve forms draws the next one ten times."""
    forms = [
        stream(
            b"/X Do " * 10,
            b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>/XObject<</X %d 0 R>>>>"
            % (number + 1),
        )
        for number in range(6, 18)
    ]
    last = stream(HELLO, b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>>>")
    return sheet(stream(b"/X Do"), *forms, last, resources=b"/XObject<</X 6 0 R>>")


def page_that_is_its_own_parent() -> bytes:
    return sheet(tree=b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>")


def count_of_a_billion() -> bytes:
    return sheet(tree=b"<</Type/Pages/Kids[3 0 R]/Count 1000000000>>")


def negative_count() -> bytes:
    return sheet(tree=b"<</Type/Pages/Kids[3 0 R]/Count -7>>")


def page_200_000_times() -> bytes:
    return sheet(tree=b"<</Type/Pages/Kids[" + b"3 0 R " * 200_000 + b"]/Count 200000>>")


def operators_900_000() -> bytes:
    return document(b"BT /F1 1 Tf 1 0 0 1 10 700 Tm " + b"(abc) Tj 1 0 Td " * 900_000 + b"ET", packed=True)


def string_of_5_megabytes() -> bytes:
    return document(b"BT /F1 1 Tf 1 0 0 1 10 700 Tm (" + b"A" * 5_000_000 + b") Tj ET", packed=True)


def huge_page() -> bytes:
    return sheet(page=b"/MediaBox[0 0 2000000000 2000000000]")


def long_page() -> bytes:
    """As wide as a line and as long as a motorway."""
    return sheet(page=b"/MediaBox[0 0 1 9000000]")


def page_without_size() -> bytes:
    return sheet(page=b"/MediaBox[0 0 0 0]")


def page_turned_inside_out() -> bytes:
    return sheet(page=b"/MediaBox[600 800 0 0]/Rotate 90")


def page_of_nonsense() -> bytes:
    return sheet(page=b"/MediaBox[/a (b) null 1e400]/Rotate 45/UserUnit 1e30")


def text_far_away() -> bytes:
    """Figures at coordinates and sizes that no integer holds."""
    far = b"BT /F1 1e30 Tf 1e20 0 0 1e20 1e35 -1e35 Tm (99.9) Tj ET "
    return sheet(stream(far + HELLO + b"BT /F1 12 Tf 1 0 0 1 nan inf Tm (88.8) Tj ET"))


def huge_picture() -> bytes:
    """A picture that says it has 60,000 by 60,000 points, in a few bytes."""
    image = stream(
        zlib.compress(b"\0" * 1000),
        b"/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode",
    )
    return sheet(stream(HELLO + b"q 600 0 0 800 0 0 cm /I Do Q"), image, resources=b"/XObject<</I 6 0 R>>")


def fine_pattern() -> bytes:
    """A pattern of tiles a thousandth of a point wide over the whole page."""
    tile = stream(
        b"0 0 .0005 .0005 re f",
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 .001 .001]/XStep .001/YStep .001/Resources<<>>",
    )
    return sheet(stream(b"/Pattern cs /P scn 0 0 600 800 re f 0 g " + HELLO), tile, resources=b"/Pattern<</P 6 0 R>>")


def table_that_precedes_itself() -> bytes:
    """The older cross-reference table is this one."""
    made = sheet()
    start = made.index(b"xref\n0 ")
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % start)


def table_of_two_billion() -> bytes:
    return sheet().replace(b"xref\n0 6\n", b"xref\n0 2147483647\n").replace(b"/Size 6", b"/Size 2147483647")


def font_of_all_characters() -> bytes:
    """A character map whose one range has four billion entries."""
    table = b"begincmap 1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange 1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange endcmap"  # noqa: E501
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 7 0 R>>"
    return sheet(stream(b"BT /F2 12 Tf 1 0 0 1 50 700 Tm (A) Tj ET"), font, stream(table), fonts=b"/F2 6 0 R")


def glyph_that_prints_itself() -> bytes:
    """A Type 3 font whose letter shows a text in that font."""
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 65/LastChar 65"
        b"/Widths[1000]/Encoding<</Differences[65/A]>>/CharProcs<</A 7 0 R>>/Resources<</Font<</F2 6 0 R>>>>>>"
    )
    glyph = stream(b"1000 0 d0 BT /F2 500 Tf (AAAA) Tj ET")
    return sheet(stream(b"BT /F2 12 Tf 1 0 0 1 50 700 Tm (A) Tj ET"), font, glyph, fonts=b"/F2 6 0 R")


def contents_100_000_times() -> bytes:
    """A page whose contents are one stream a hundred thousand times."""
    return sheet(b"[" + b"6 0 R " * 100_000 + b"]", stream(line("Fund size 412.6") * 20))


def words_in_one_place() -> bytes:
    """Six thousand different words that all stand in one place."""
    return document(b"".join(line(f"{number:05}", size=20) for number in range(6_000)), packed=True)


def many_notes() -> bytes:
    """A page with twenty thousand annotations, all the same one."""
    return sheet(
        stream(HELLO),
        b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(x)>>",
        page=b"/Annots[" + b"6 0 R " * 20_000 + b"]",
    )


def lock_of_nonsense() -> bytes:
    made = sheet()
    lock = b"/Encrypt<</Filter/Standard/V 5/R 99/Length 9999999/O(x)/U(y)/P -1/CF<</StdCF<</CFM/AESV9>>>>/StmF/StdCF>>"
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R" + lock)


def long_title() -> bytes:
    made = sheet(stream(HELLO), b"<</Title(" + b"t" * 3_000_000 + b")>>")
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R/Info 6 0 R")


def objects_in_themselves() -> bytes:
    """The length of a stream is that stream; a page's resources are the page."""
    return pdf([CATALOG, TREE, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources 3 0 R>>",
                b"<</Length 4 0 R/Filter 4 0 R>>stream\nBT ET\nendstream"])  # fmt: skip


def pages_in_a_ring() -> bytes:
    """Two page trees, each within the other."""
    return pdf([CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>"])


LIMIT, DAMAGED, EMPTY, PICTURE, READ = (
    "DocumentLimitError", "DamagedDocumentError", "EmptyDocumentError", "ImageOnlyDocumentError", "Document",
)  # fmt: skip
HOSTILE: dict[Callable[[], bytes], tuple[str, ...]] = {
    flate_bomb: (LIMIT,),
    flate_bomb_in_a_bomb: (LIMIT,),
    run_length_bomb: (LIMIT,),
    deep_array: (DAMAGED,),
    deep_dictionary: (EMPTY, DAMAGED),
    deep_states: (READ,),
    form_that_draws_itself: (DAMAGED,),
    billion_laughs: (LIMIT,),
    page_that_is_its_own_parent: (DAMAGED,),
    count_of_a_billion: (READ,),
    negative_count: (READ,),
    page_200_000_times: (LIMIT,),
    operators_900_000: (LIMIT,),
    string_of_5_megabytes: (LIMIT,),
    huge_page: (EMPTY,),
    long_page: (EMPTY,),
    page_without_size: (READ,),
    page_turned_inside_out: (READ,),
    page_of_nonsense: (READ,),
    text_far_away: (DAMAGED, READ),
    huge_picture: (PICTURE, READ),
    fine_pattern: (READ,),
    table_that_precedes_itself: (READ,),
    table_of_two_billion: (LIMIT,),
    font_of_all_characters: (LIMIT,),
    glyph_that_prints_itself: (EMPTY, READ),
    contents_100_000_times: (LIMIT,),
    words_in_one_place: (EMPTY, LIMIT),
    many_notes: (READ, LIMIT),
    lock_of_nonsense: (DAMAGED,),
    long_title: (READ,),
    objects_in_themselves: (LIMIT,),
    pages_in_a_ring: (DAMAGED,),
}
"""How each may end. Two ends where a slow machine, or another release of a reader, may come to the other."""
