"""No step takes more instructions than it did: the gate against slow-downs that no clock is needed for."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest

from . import instructions
from .instructions import PROGRAMS, Program, margin, verdict

HERE = {"compiler": "g++ 12.2.0", "libc": "glibc 2.36"}
CHAINS = {1_000: "chain.n1e3", 10_000: "chain.n1e4", 100_000: "chain.n1e5"}
TABLE = {**HERE, "margin": 0.03, "margin_elsewhere": 0.15}

countable = pytest.mark.skipif(bool(instructions.obstacle()), reason=instructions.obstacle())


@countable
@pytest.mark.parametrize("name", PROGRAMS)
def test_instructions(name: str) -> None:
    table = instructions.read()
    allowed = margin(table, instructions.made_with())
    assert not verdict(instructions.count(PROGRAMS[name]), table["counts"][name], allowed)


@countable
@pytest.mark.parametrize(
    ("engine", "links"),
    [("native.tensor_cpp.tape", 1_000), ("native.tensor_cpp.stack", 1_000), ("native.scalar_cpp", 10_000)],
)
def test_a_link_costs_the_same_in_a_longer_chain(engine: str, links: int) -> None:
    """Recorded, differentiated and freed: cost is linear. Scalars get memory by the thousand nodes."""
    short, long = (instructions.count(Program(engine, CHAINS[n], "grad", 1, n)) for n in (links, 10 * links))
    assert long == pytest.approx(short, rel=0.05)


@countable
def test_a_planted_slow_down_is_caught() -> None:
    """A penalty in the loss: one more pass over the parameters in each step of an otherwise equal program."""
    slower = dataclasses.replace(PROGRAMS["tensor-T3-step"], changes={"loss.l2": 1e-4})
    table = instructions.read()
    found = verdict(instructions.count(slower), table["counts"]["tensor-T3-step"], table["margin_elsewhere"])
    assert "slower" in found


def test_the_verdict_is_two_sided() -> None:
    assert verdict(102.9, 100.0, 0.03) == verdict(97.1, 100.0, 0.03) == ""
    assert "+3.1%, 3% is allowed; slower" in verdict(103.1, 100.0, 0.03)
    assert "-3.1%, 3% is allowed; faster: record it" in verdict(96.9, 100.0, 0.03)


def test_another_compiler_or_library_widens_the_margin() -> None:
    assert margin(TABLE, {**HERE, "compiler": "g++ 12.4.0"}) == 0.03
    assert margin(TABLE, {**HERE, "compiler": "g++ 14.2.0"}) == 0.15
    assert margin(TABLE, {**HERE, "compiler": "clang 12.0.1"}) == 0.15
    assert margin(TABLE, {**HERE, "libc": "glibc 2.41"}) == 0.15


def test_the_table_has_every_program_and_is_written_as_it_is_read() -> None:
    table = instructions.read()
    assert list(table["counts"]) == list(PROGRAMS)
    text = instructions.written(table["counts"], {k: table[k] for k in ("compiler", "libc")})
    assert text == instructions.TABLE.read_text(encoding="utf-8")
    assert tomllib.loads(text) == table


def test_what_is_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "apt-get install -y --no-install-recommends valgrind" in instructions.obstacle()
