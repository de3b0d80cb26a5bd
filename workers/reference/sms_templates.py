"""The form of the file of registered short messages: every text to register, with room for its id."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from domain.message_texts import TemplateKey, template_keys, template_text

SAMPLE: Final = Path(__file__).resolve().parents[2] / "deploy" / "sms-templates.toml"
_HEAD: Final = """# Written by `make docs`. Short messages in India go out under DLT: the sender (entity) and each text
# (template) are registered, and have ids of 19 digits. Register each text below, write its id beside it in a copy of
# this file, and name the copy in GOLDENHOUR_SMS_TEMPLATES. A value may be longer than a place of the register allows:
# then write several, {#var#}{#var#}. All else must stay as it is.
"""


def sample() -> str:
    """Return the form: every text without ids."""
    return template_file("", lambda _: "")


def template_file(entity_id: str, id_of: Callable[[TemplateKey], str]) -> str:
    """Return a file of templates with these ids."""
    parts = [_HEAD, f"entity_id = {_quoted(entity_id)}\n"]
    for key in template_keys():
        values = {
            "message": key.kind.value,
            "to": key.to_whom.value,
            "language": key.language.value,
            "id": id_of(key),
            "text": template_text(key),
        }
        parts.append("[[template]]\n" + "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items()))
    return "\n".join(parts)


def _quoted(text: str) -> str:
    # What JSON writes is also a basic string of TOML.
    return json.dumps(text, ensure_ascii=False)
