"""The house keeps its own rules: floors, sizes, locks, states, time, money, templates (HOUSE).

What is excepted stands in a table here, with its reason; an exception that is no longer needed fails.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

ROOT = Path(settings.BASE_DIR)
FLOORS = {
    "common": 0,
    "ledger": 1,
    "merchants": 2,
    "coupons": 3,
    "orders": 4,
    "payments": 5,
    "refunds": 6,
    "customers": 6,
    "desk": 7,
}
ABOVE_ALL = {"config", "tests", "benchmarks"}
MAX_FUNCTION, MAX_FILE, MAX_FLOW = 50, 400, 150
STARTERS = "common/management/commands/"
"""The commands that start the project know `config/`, which knows every app."""

LONGER_FLOWS = {
    "customers/flows/run_steps.py": "a few lines over",
    "desk/flows/make_demo.py": "the demo's data stand in it",
}

SEVERAL_DOORS = {
    "desk/flows/make_demo.py": "what is made, and how the command describes it",
    "orders/flows/note_scan.py": "three steps of one funnel, each a single statement",
}
"""Flows of more than three public functions, or none of which is named as the file."""

LATE_IMPORT = re.compile(r"import_(module|string)$")
STATE_SQL = re.compile(r"UPDATE\s+\w+\s+SET\b[^;]*\bstate\s*=")
PROVIDERS = re.compile(r"\bgateway\(|\bprovider\.(charge|refund|ask)|httpx\.|urlopen|send_mail")
MONEY_ROOMS = ("models", "flows/", "pricing", "queries", "escrow", "stock", "serializers", "reconcil")

REAL_TIME = {
    "payments/gateways/sandbox/client.py": "signatures age in real time",
    "payments/gateways/sandbox/provider.py": "signatures age in real time",
}


@cache
def sources() -> dict[str, str]:
    """Every Python file of ours, by its path; migrations and environments left out."""
    found = {}
    for folder in [*FLOORS, *sorted(ABOVE_ALL)]:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name and "/vendor/" not in name:
                found[name] = path.read_text()
    return found


@cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in sources().items()}


def house() -> Iterator[tuple[str, ast.Module]]:
    """The apps' own files."""
    for name, tree in trees().items():
        if name.partition("/")[0] in FLOORS:
            yield name, tree


def flows() -> dict[str, ast.Module]:
    return {name: tree for name, tree in house() if "/flows/" in name and not name.endswith("__init__.py")}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a file, for typing and inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "import_string")
        ):
            yield from (
                arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# --- floors ------------------------------------------------------------------------------


def test_every_app_has_its_floor() -> None:
    assert set(settings.HOUSE_APPS) <= set(FLOORS)


def test_imports_run_downwards_only() -> None:
    wrong = []
    for name, tree in house():
        own = name.partition("/")[0]
        for module in imported(tree):
            top = module.partition(".")[0]
            is_up = top in FLOORS and top != own and FLOORS[top] >= FLOORS[own]
            is_out = top in ABOVE_ALL and not name.startswith(STARTERS)
            if is_up or is_out:
                wrong.append(f"{name} imports {module}")
    assert wrong == []


def test_nothing_above_a_floor_is_named_in_its_strings() -> None:
    """A dotted path or a model's label in a string is an import, too."""
    wrong = []
    for name, tree in house():
        own = FLOORS[name.partition("/")[0]]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                top, dot, rest = node.value.partition(".")
                is_path = dot and re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", rest)
                if is_path and FLOORS.get(top, 0) > own and (rest[0].isupper() or "." in rest):
                    wrong.append(f"{name}: {node.value!r}")
    assert wrong == []


# --- sizes ---------------------------------------------------------------------------------


def test_functions_are_at_most_fifty_lines() -> None:
    long = [
        f"{name}: {function.name} has {lines}"
        for name, tree in trees().items()
        for function in functions(tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION
    ]
    assert long == []


def test_functions_are_mostly_short() -> None:
    """HOUSE: mostly under ten lines."""
    lengths = [
        (function.end_lineno or 0) - function.body[0].lineno + 1
        for _name, tree in house()
        for function in functions(tree)
    ]
    assert sum(length <= 10 for length in lengths) > 0.7 * len(lengths)


def test_files_are_at_most_four_hundred_lines() -> None:
    long = {name: lines for name, text in sources().items() if (lines := len(text.splitlines())) > MAX_FILE}
    assert long == {}


def test_flows_are_at_most_a_hundred_and_fifty_lines() -> None:
    long = {name for name in flows() if len(sources()[name].splitlines()) > MAX_FLOW}
    assert long == set(LONGER_FLOWS)


def test_a_flow_has_one_door_that_is_named_as_its_file() -> None:
    """Two beside it at most: a preview, its undoing, a part that another flow shares."""
    wrong = set()
    for name, tree in flows().items():
        stem = name.rpartition("/")[2].removesuffix(".py")
        doors = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) if node.name[0] != "_"]
        verb, _sep, noun = stem.partition("_")
        is_named = stem in doors or any(door.startswith((verb, stem)) or noun in door for door in doors)
        if len(doors) > 3 or not is_named:
            wrong.add(name)
    assert wrong <= set(SEVERAL_DOORS), "a flow with too many doors"


def test_no_function_takes_too_many_arguments() -> None:
    """HOUSE: eleven parameters made good codebases hard to live in. A template's tag takes attributes."""
    wrong = [
        f"{name}: {function.name}"
        for name, tree in house()
        if "/templatetags/" not in name
        for function in functions(tree)
        if len(function.args.posonlyargs + function.args.args + function.args.kwonlyargs) > 8
    ]
    assert wrong == []


# --- rooms: locks, states, time, the outside world -------------------------------------------


def attributes(tree: ast.AST, *names: str) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in ast.walk(tree))


def test_only_locking_locks() -> None:
    users = [name for name, tree in house() if attributes(tree, "select_for_update")]
    assert users == ["common/locking.py"]
    raw = [name for name, _tree in house() if re.search(r"\bFOR (NO KEY )?UPDATE\b", sources()[name])]
    assert raw == ["common/locking.py"]


def test_states_change_by_verbs_only() -> None:
    wrong = []
    for name, tree in house():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
                wrong.append(f"{name}:{node.lineno} assigns a state")
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.endswith(".update") and any(word.arg == "state" for word in node.keywords):
                    wrong.append(f"{name}:{node.lineno} updates a state")
                if called == "setattr" and ast.unparse(node.args[1]) in ("'state'", '"state"'):
                    wrong.append(f"{name}:{node.lineno} sets a state")
                if called.endswith("bulk_update"):
                    wrong.append(f"{name}:{node.lineno} bulk_update: save_states is faster")
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and STATE_SQL.search(node.value)
            ):
                wrong.append(f"{name}:{node.lineno} updates a state by SQL")
    assert wrong == []


def test_only_the_clock_reads_the_time() -> None:
    readers = r"timezone\.now\(|datetime\.(now|utcnow|today)\(|date\.today\(|localdate\(\)|\btime\.time\("
    users = {name for name, _tree in house() if re.search(readers, sources()[name])}
    assert users == {"common/clock.py", *REAL_TIME}
    sql = {
        name for name, _tree in house() if re.search(r"(?i)\b(now\(\)|current_timestamp)", sources()[name])
    }
    assert {name for name in sql if not re.search(r"clock\.now\(\)", sources()[name])} == {"common/clock.py"}


def test_providers_are_called_by_nobody_inside_a_transaction() -> None:
    """What a gateway does stands after the `with locking.transaction()` block, never in it."""
    wrong = []
    for name, tree in house():
        for node in ast.walk(tree):
            if isinstance(node, ast.With) and any(
                "transaction()" in ast.unparse(item) for item in node.items
            ):
                calls = [ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
                wrong += [
                    f"{name}:{node.lineno} {call}"
                    for call in calls
                    if re.search(
                        r"\bgateway\(|\bprovider\.(charge|refund|ask)|httpx\.|urlopen|send_mail", call
                    )
                ]
    assert wrong == []


def test_on_commit_only_pokes() -> None:
    users = [name for name, tree in house() if attributes(tree, "on_commit")]
    assert users == ["common/drains.py"]


def test_the_edges_know_no_sql_and_no_locks() -> None:
    """api.py, views and tasks parse, make one call, render."""
    wrong = []
    for name, tree in house():
        is_edge = re.search(r"/(api|views|tasks|forms)\.py$|_views\.py$|/pages_\w+\.py$", name)
        if is_edge and name != "common/api.py":
            modules = set(imported(tree))
            banned = {"common.locking", "common.rows", "ledger.posting", "common.outbox"}
            wrong += [f"{name} imports {module}" for module in modules & banned]
            if attributes(tree, "save", "bulk_create", "bulk_update", "raw"):
                wrong.append(f"{name} writes rows itself")
    assert wrong == []


def test_queries_only_read() -> None:
    writes = ("save", "create", "update", "delete", "bulk_create", "get_or_create", "update_or_create")
    wrong = [
        f"{name}: {ast.unparse(node.func)}"
        for name, tree in house()
        if name.endswith("/queries.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writes
        if not (node.func.attr == "update" and not node.keywords)
    ]
    assert wrong == []


# --- money ------------------------------------------------------------------------------------


def is_money(name: str) -> bool:
    app, _sep, rest = name.partition("/")
    rooms = rest.startswith(
        ("models", "flows/", "pricing", "queries", "escrow", "stock", "serializers", "reconcil")
    )
    return (
        app == "ledger" or name == "common/money.py" or (app in ("orders", "payments", "coupons") and rooms)
    )


def test_no_float_near_money() -> None:
    wrong = []
    for name, tree in house():
        if is_money(name):
            for node in ast.walk(tree):
                is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
                is_name = isinstance(node, ast.Name) and node.id in ("float", "round")
                is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
                is_field = isinstance(node, ast.Attribute) and node.attr in ("FloatField", "DecimalField")
                if is_float or is_name or is_division or is_field:
                    wrong.append(f"{name}: {ast.unparse(node)}")
    assert wrong == []


def test_fields_of_money_say_their_unit() -> None:
    from django.apps import apps
    from django.db import models

    words = re.compile(r"(amount|price|balance|fee|deduction|paid|refunded|received|returned)(_|$)")
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ("orders", "payments", "coupons", "merchants")
        for field in model._meta.concrete_fields
        if isinstance(field, models.IntegerField) and words.search(field.name)
        if not field.name.endswith(("_minor", "_basis_points"))
    ]
    assert wrong == []


# --- migrations, words ---------------------------------------------------------------


def test_every_migration_goes_back() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    wrong = [
        f"{app}.{name}: {operation}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in FLOORS
        for operation in migration.operations
        if not operation.reversible
    ]
    assert wrong == []


def test_modules_and_public_functions_of_flows_say_what_they_do() -> None:
    silent = [name for name, tree in house() if not ast.get_docstring(tree)]
    assert [name for name in silent if not name.endswith(("__init__.py", "apps.py"))] == []
    silent = [
        f"{name}: {node.name}"
        for name, tree in flows().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_was_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [name for name, _tree in house() if marks.search(sources()[name])] == []


@pytest.mark.parametrize("table", [LONGER_FLOWS, SEVERAL_DOORS, REAL_TIME], ids=["long", "doors", "time"])
def test_exceptions_name_files_that_are_there(table: dict[str, str]) -> None:
    assert [name for name in table if name not in sources()] == []
