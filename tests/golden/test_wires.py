"""Every wire sends the bytes that it sent at commit a9b5237, from which the files were made."""

from tests.golden.renames import FOLDER
from tests.golden.wires import all_wires

FILES = FOLDER / "files"
OF_NAMES = {"names.json", "openapi.json", "digests.json"}


async def test_every_wire_sends_the_bytes_of_its_golden_file() -> None:
    golden = {
        str(file.relative_to(FILES)): file.read_bytes()
        for file in FILES.rglob("*.*")
        if file.is_file() and file.name not in OF_NAMES
    }
    sent = await all_wires()
    assert sorted(sent) == sorted(golden)
    different = [name for name, body in sent.items() if body != golden[name]]
    assert {name: sent[name] for name in different} == {name: golden[name] for name in different}


async def test_examples_are_the_same_every_time() -> None:
    assert await all_wires() == await all_wires()
