"""A magistrate's court and a Lok Adalat: the order that an officer records for a case, with the order's PDF."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from simulator.clock import IST, wall_clock
from simulator.seeds import chance, unit

Effect = Literal["restore", "release", "keep_hold", "refuse"]
_COURTS = {
    "bnss_497": "Chief Judicial Magistrate, Lucknow",
    "bnss_503": "Chief Judicial Magistrate, Lucknow",
    "bnss_106": "Chief Judicial Magistrate, Lucknow",
    "bnss_107": "District Magistrate, Lucknow",
    "lok_adalat": "Permanent Lok Adalat, Lucknow",
    "writ": "High Court of Judicature at Allahabad, Lucknow Bench",
}


@dataclass(slots=True)
class Court:
    """Makes orders; the same case and law give the same order. `refuses` is the share of refused applications."""

    seed: int = 7
    refuses: float = 0.0

    def order(self, ack_no: str, kind: str, effect: Effect = "restore", *, on: date | None = None) -> dict[str, Any]:
        """Return the body of `POST /api/v1/cases/{ack_no}/court-orders`. Raises KeyError for an unknown law."""
        turned_down = effect == "restore" and chance(self.seed, self.refuses, "court refuses", ack_no, kind)
        effect = "refuse" if turned_down else effect
        number = f"{1 + int(unit(self.seed, 'court order', ack_no, kind) * 9_999)}/{ack_no[-4:]}"
        made_on = on or wall_clock().astimezone(IST).date()
        words = f"{_COURTS[kind]}: order {number} of {made_on:%d-%m-%Y} on acknowledgement {ack_no}: {effect}"
        return {
            "kind": kind,
            "effect": effect,
            "court": _COURTS[kind],
            "order_no": number,
            "made_on": made_on.isoformat(),
            "document": b64encode(one_page_pdf(words)).decode(),
        }


def one_page_pdf(words: str) -> bytes:
    """Return a PDF of one page with one line of ASCII; the same text gives the same bytes."""
    line = words.encode("ascii", "replace").decode().translate({ord(c): f"\\{c}" for c in "\\()"})
    stream = f"BT /F1 11 Tf 40 780 Td ({line}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode("ascii")
