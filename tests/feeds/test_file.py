"""`manage.py import_calls`: CSV and JSON, good, bad and large; safe to repeat."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from common import clock
from common.fields import moment_out
from orders.gateways import file
from orders.gateways.base import CallFact, Rejected
from orders.gateways.file import read_file
from orders.models import CallRecord
from tests.calls.stage import a_call, call_order, make_numbers, state_of
from tests.cast import Cast
from tests.feeds.stage import CALLED, CALLER, ago, told

pytestmark = pytest.mark.django_db

NAMES = ["provider", "call_id", "caller", "called", "started_at", "answered_at", "ended_at", "kind"]


def as_csv(*calls: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(calls)
    return text.getvalue()


def as_lines(*calls: dict[str, Any]) -> str:
    return "\n".join(json.dumps(call) for call in calls)


def as_array(*calls: dict[str, Any]) -> str:
    return json.dumps(calls, indent=2)


def run(cast: Cast, folder: Path, text: str | bytes, **more: Any) -> str:
    path, told_ = folder / "calls", io.StringIO()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    call_command("import_calls", str(path), merchant=cast.merchant.slug, stdout=told_, **more)
    return told_.getvalue()


@pytest.mark.parametrize("form", [as_csv, as_lines, as_array])
def test_a_file_redeems_and_again_changes_nothing(cast: Cast, tmp_path: Path, form: Any) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    text = form(a_call(cast.buyer.phone, order["service_number"]), a_call(CALLER, CALLED))
    assert "2 records: 2 new, 0 known before, 0 rejected; 1 orders redeemed" in run(cast, tmp_path, text)
    assert state_of(order) == "redeemed"
    assert "0 new, 2 known before" in run(cast, tmp_path, "\ufeff" + text)


def test_rejected_lines_are_named_with_the_reason(cast: Cast, tmp_path: Path) -> None:
    good, began = a_call(CALLER, CALLED), clock.now()
    wrong: dict[int, tuple[dict[str, Any], str]] = {
        3: ({"called": ""}, "called: missing"),
        4: ({"started_at": "yesterday"}, "started_at: not"),
        5: ({"started_at": "2026-03-01T09:00:00"}, "started_at: not"),
        6: ({"caller": "operator"}, "caller: not a phone number"),
        7: ({"kind": "pigeon"}, "kind: not"),
        8: (
            {"started_at": moment_out(began + timedelta(hours=1)), "answered_at": "", "ended_at": ""},
            "ahead",
        ),
        9: ({"ended_at": "2001-01-01T00:00:00Z"}, "ends before"),
        10: ({"call_id": "x" * 300}, "call_id"),
        11: ({"provider": "p" * 50}, "provider"),
    }
    calls = [
        good,
        *(a_call(CALLER, CALLED) | change for change, _words in wrong.values()),
        a_call(CALLER, CALLED),
    ]
    printed = run(cast, tmp_path, as_csv(*calls))
    lines = {
        int(line.split()[1].rstrip(":")): line for line in printed.splitlines() if line.startswith("line")
    }
    assert set(lines) == set(wrong)
    assert all(words in lines[number] for number, (_change, words) in wrong.items())
    assert "2 new, 0 known before, 9 rejected" in printed
    assert len(told(cast.merchant)) == 2


HEADING = "call_id,caller,called,started_at"
ROW = f"{{}},{CALLER},{CALLED},2026-03-01T09:00:00Z"


def read(text: str) -> tuple[list[str], dict[int, str]]:
    """The ids that were read; line → what was wrong with it."""
    lines = list(read_file(io.StringIO(text, newline=""), "f"))
    wrong = {place: one.detail for place, one in lines if isinstance(one, Rejected)}
    return [one.call_id for _place, one in lines if isinstance(one, CallFact)], wrong


def rows(*names: str) -> list[str]:
    return [ROW.format(name) for name in names]


def test_a_stray_quote_spoils_only_its_line() -> None:
    """Not everything up to the next quote, however far that is."""
    many = rows(*(f"c{n}" for n in range(500)))
    text = "\n".join([HEADING, *rows("a"), ROW.format('"b'), *many])
    assert read(text) == (["a", *(f"c{n}" for n in range(500))], {3: "a quote that is not closed"})
    quoted = [row.replace(CALLER, f'"{CALLER}"') for row in many]
    ids, wrong = read("\n".join([HEADING, ROW.format('"b'), *quoted, ROW.format('"z')]))
    assert (len(ids), set(wrong)) == (500, {2, 503})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_cell_may_hold_line_ends(end: str) -> None:
    """The line of a record is that in which it begins."""
    note = f'"two{end}lines, ""quoted"""'
    text = end.join([f"{HEADING},note", f"{ROW.format('a')},{note}", ROW.format("b"), "c", ROW.format("d")])
    ids, wrong = read(text)
    assert (ids, list(wrong)) == (["a", "b", "d"], [5])


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """Empty ones before the first, and one that is far too long, are a line each."""
    huge = "x" * 300_000
    text = "\n".join(["", "", HEADING, *rows("a"), huge, "b", "", *rows("c")])
    ids, wrong = read(text)
    assert (ids, sorted(wrong)) == (["a", "c"], [5, 6])
    call = json.dumps({"call_id": "j", "called": CALLED, "started_at": "2026-03-01T09:00:00Z"})
    assert read("\n".join([call, "{" + huge, "{}", call])) == (
        ["j", "j"],
        {2: "a line of more than 100,000 characters", 3: "call_id, called, started_at: missing"},
    )


def test_commas_behind_the_last_cell_are_nothing() -> None:
    assert read("\n".join([HEADING, ROW.format("a") + ",,", ROW.format("b") + ",x"])) == (
        ["a"],
        {3: "more cells than the heading has"},
    )


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("call_id;caller;called;started_at", "lacks call_id, called, started_at, caller"),
        ("call_id,called,started_at", "lacks caller"),
        (HEADING + ",Caller ", "has caller more than once"),
    ],
)
def test_a_heading_that_does_not_fit(heading: str, words: str) -> None:
    ids, wrong = read("\n".join([heading, *rows("a", "b")]))
    assert ids == []
    assert list(wrong) == [1]
    assert words in wrong[1]


def test_chinese_as_chinese_spreadsheets_write_it(cast: Cast, tmp_path: Path) -> None:
    """Read as it is, two desks would have one garbled name, and one of their calls would be lost."""
    calls = [a_call(CALLER, CALLED, call_id="1", provider=desk) for desk in ("大堂", "收银")]
    text = as_csv(*calls)
    garbled = run(cast, tmp_path, text.encode("gbk"))
    assert "line 2: malformed: provider: not in the file's encoding" in garbled
    assert "2 records: 0 new, 0 known before, 2 rejected" in garbled
    for encoding in ("gbk", "utf-16"):
        printed = run(cast, tmp_path, text.encode(encoding), encoding=encoding)
        assert "2 records" in printed
        assert " 0 rejected" in printed
    records = CallRecord.objects.filter(merchant=cast.merchant)
    assert set(records.values_list("provider", flat=True)) == {"大堂", "收银"}
    remark = as_csv(a_call(CALLER, CALLED)).replace("kind", "kind,备注").replace("call\r\n", "call,您好\r\n")
    assert "1 new" in run(cast, tmp_path, remark.encode("gbk")), "nobody reads what stands there"


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_an_encoding_that_is_none(cast: Cast, tmp_path: Path, encoding: str) -> None:
    with pytest.raises(CommandError, match="encoding"):
        run(cast, tmp_path, "", encoding=encoding)


def test_a_bad_line_of_json_spoils_only_itself(cast: Cast, tmp_path: Path) -> None:
    text = "\n".join(
        [as_lines(a_call(CALLER, CALLED)), "{nonsense", "", "[1]", as_lines(a_call(CALLER, CALLED))]
    )
    printed = run(cast, tmp_path, text)
    assert "line 2: malformed" in printed
    assert "line 4: malformed" in printed
    assert "2 new" in printed


def test_an_array_that_breaks_off_keeps_what_came_before(cast: Cast, tmp_path: Path) -> None:
    text = as_array(*(a_call(CALLER, CALLED) for _ in range(3)), {"call_id": 7})
    printed = run(cast, tmp_path, text[:-2] + ', {"broken": ')
    assert "3 new" in printed
    assert "line 4: required" in printed
    assert "line 5: malformed" in printed


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"\xff\xfe\x00",
        b"just words",
        b"[",
        b"[]",
        b"{",
        b'"',
        b"a,b\n1,2",
        b"[" * 70_000,
        b"\x00" * 9,
    ],
)
def test_any_file_is_borne(cast: Cast, tmp_path: Path, text: bytes) -> None:
    assert " 0 new" in run(cast, tmp_path, text)


def test_the_provider_of_records_that_name_none(cast: Cast, tmp_path: Path) -> None:
    call = {name: value for name, value in a_call(CALLER, CALLED).items() if name != "provider"}
    run(cast, tmp_path, as_lines(call), provider="front-desk")
    assert [record.provider for record in told(cast.merchant).values()] == ["front-desk"]


def test_what_is_not_there(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="slug"):
        call_command("import_calls", "x", merchant="nobody")
    with pytest.raises(CommandError, match="can't be read"):
        call_command("import_calls", str(tmp_path / "none"), merchant=cast.merchant.slug)


class Endless(io.StringIO):
    """A file that is made while it is read; nobody may hold all of it."""

    def __init__(self, head: str, row: str, many: int) -> None:
        super().__init__()
        self.left, self.row, self.buffer_ = many, row, head

    def read(self, size: int | None = -1, /) -> str:
        assert size is not None
        assert 0 < size <= file.MAX_RECORD
        while len(self.buffer_) < size and self.left:
            self.left -= 1
            self.buffer_ += self.row.replace("N", str(self.left))
        piece, self.buffer_ = self.buffer_[:size], self.buffer_[size:]
        return piece

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        assert size is not None
        while "\n" not in self.buffer_ and self.left:
            self.left -= 1
            self.buffer_ += self.row.replace("N", str(self.left))
        end = self.buffer_.find("\n") + 1 or len(self.buffer_)
        line, self.buffer_ = self.buffer_[:end][:size], self.buffer_[len(self.buffer_[:end][:size]) :]
        return line


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("call_id,caller,called,started_at\n", f"N,{CALLER},{CALLED},2026-03-01T09:00:00Z\n"),
        ("[", json.dumps({"call_id": "N", "called": CALLED, "started_at": "2026-03-01T09:00:00Z"}) + ",\n"),
        ("", json.dumps({"call_id": "N", "called": CALLED, "started_at": "2026-03-01T09:00:00Z"}) + "\n"),
    ],
    ids=["csv", "array", "lines"],
)
def test_a_huge_file_is_read_piece_by_piece(head: str, row: str) -> None:
    began = time.monotonic()
    facts = sum(isinstance(one, CallFact) for _line, one in read_file(Endless(head, row, 50_000), "f"))
    assert facts == 50_000
    assert time.monotonic() - began < 30


def test_a_line_without_an_end_is_cut() -> None:
    told_ = list(read_file(io.StringIO("call_id,caller,called,started_at\n" + "x" * 300_000), "f"))
    assert told_
    assert all(isinstance(one, Rejected) for _line, one in told_)


def test_several_chunks(cast: Cast, tmp_path: Path) -> None:
    moment = ago(minutes=3)
    text = as_csv(*(a_call(CALLER, CALLED, moment, call_id=f"c{n}") for n in range(2300)))
    assert "2,300 records: 2,300 new" in run(cast, tmp_path, text)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(cast, tmp_path, as_csv(*(a_call(CALLER, CALLED) for _ in range(1200))))
    *_before, last = terminal.getvalue().split("\r")
    assert "100%  1,200 records" in last
    assert last.startswith(f"[{'#' * 30}]")
    reading, writing = os.pipe()
    os.write(writing, as_csv(a_call(CALLER, CALLED)).encode())
    os.close(writing)
    call_command("import_calls", f"/dev/fd/{reading}", merchant=cast.merchant.slug, stdout=io.StringIO())
    os.close(reading)
    assert terminal.getvalue().endswith("\r1 records\n"), "nobody knows how long a pipe is"
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    run(cast, tmp_path, as_csv(a_call(CALLER, CALLED)))
    assert isinstance(sys.stderr, io.StringIO)
    assert sys.stderr.getvalue() == ""
