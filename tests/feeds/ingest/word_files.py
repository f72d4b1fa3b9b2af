"""Makes Word documents of real XML, as Word writes it."""

import zipfile
from collections.abc import Mapping
from io import BytesIO

_BASE = "http://schemas.openxmlformats.org"
_W = f"{_BASE}/wordprocessingml/2006/main"
_OFFICE = f"{_BASE}/officeDocument/2006/relationships"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": _W,
        "r": _OFFICE,
        "wp": f"{_BASE}/drawingml/2006/wordprocessingDrawing",
        "a": f"{_BASE}/drawingml/2006/main",
        "pic": f"{_BASE}/drawingml/2006/picture",
        "m": f"{_BASE}/officeDocument/2006/math",
        "c": f"{_BASE}/drawingml/2006/chart",
        "mc": f"{_BASE}/markup-compatibility/2006",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
        "adec": "http://schemas.microsoft.com/office/drawing/2017/decorative",
    }.items()
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ff"
    "ff3f0005fe02fea735810000000049454e44ae426082"
)


def p(content: str = "", *, style: str = "", settings: str = "") -> str:
    """A paragraph; *content* is XML, or text without any."""
    if content and not content.startswith("<"):
        content = r(content)
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{styled}{settings}</w:pPr>{content}</w:p>"


def r(text: str, settings: str = "") -> str:
    """A run."""
    return f'<w:r><w:rPr>{settings}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def field(instruction: str, result: str) -> str:
    """A field as Word writes it: begin, instruction, separate, result, end."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def drawing(relation: str, alt: str, *, more: str = "", kind: str = "embed") -> str:
    """A picture in a run."""
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" descr="{alt}">{more}'
        "</wp:docPr><a:graphic><a:graphicData><pic:pic><pic:blipFill>"
        f'<a:blip r:{kind}="{relation}"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing></w:r>"
    )


def style(style_id: str, name: str, content: str = "", *, kind: str = "paragraph") -> str:
    """A style."""
    return (
        f'<w:style w:type="{kind}" w:styleId="{style_id}"><w:name w:val="{name}"/>{content}'
        "</w:style>"
    )


STYLES = style("Titel", "Title") + style("berschrift1", "heading 1")


def word(
    body: str,
    *,
    styles: str = "",
    relations: Mapping[str, tuple[str, str]] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    is_strict: bool = False,
) -> bytes:
    """A document with the title "Budget".

    Args:
        body: What follows the title.
        styles: More styles.
        relations: Kind and target by id; targets with a scheme are outside.
        parts: More parts by name; XML texts get a root of the name of their part.
        is_strict: Whether it is written in the Strict form.
    """
    known = {"s1": ("styles", "styles.xml"), **(relations or {})}
    lines = "".join(_relation(name, *each) for name, each in known.items())
    package = f"{_BASE}/package/2006/relationships"
    written: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_BASE}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}">{lines}</Relationships>',
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{p('Budget', style='Titel')}{body}"
        "</w:body></w:document>",
        "word/styles.xml": f"<w:styles {NAMESPACES}>{STYLES}{styles}</w:styles>",
    }
    written |= {name: _rooted(name, content) for name, content in (parts or {}).items()}
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in written.items():
            archive.writestr(name, _bytes(content, is_strict=is_strict))
    return packed.getvalue()


def _relation(name: str, kind: str, target: str) -> str:
    mode = ' TargetMode="External"' if "://" in target else ""
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"{mode}/>'


def _rooted(name: str, content: str | bytes) -> str | bytes:
    """Returns XML with the root that a part of this name has."""
    if isinstance(content, bytes) or content.startswith("<?xml"):
        return content
    root = name.rpartition("/")[2].partition(".")[0].rstrip("0123456789")
    root = {"header": "hdr", "footer": "ftr"}.get(root, root)
    return f"<w:{root} {NAMESPACES}>{content}</w:{root}>"


def _bytes(content: str | bytes, *, is_strict: bool) -> bytes:
    if isinstance(content, bytes):
        return content
    text = content if content.startswith("<?xml") else _HEAD + content
    if is_strict:
        strict = "http://purl.oclc.org/ooxml/"
        text = text.replace(_W, f"{strict}wordprocessingml/main")
        text = text.replace(_OFFICE, f"{strict}officeDocument/relationships")
    return text.encode()
