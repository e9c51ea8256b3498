"""Where photos lie, and the addresses that show them to one viewer for five minutes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from common import clock, ids
from common.refusals import NotFound
from refunds import photo_store
from refunds.checks import check_photo_storage

BUYER, MEMBER, STAFF = "person:1", "member:2", "staff:3"


def stored_in(**photos: Any) -> override_settings:
    return override_settings(STORAGES={**deepcopy(settings.STORAGES), "photos": photos})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Photos lie in a folder, as they do by default."""
    options = {
        "location": str(tmp_path / "photos"),
        "allow_overwrite": True,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    }
    with stored_in(BACKEND="django.core.files.storage.FileSystemStorage", OPTIONS=options):
        yield tmp_path / "photos"


# --- keeping -----------------------------------------------------------------------------------


def test_a_photo_is_kept_read_and_forgotten(folder: Path) -> None:
    refund = ids.new_id()
    name = photo_store.keep(refund, 1, b"a photo")
    assert photo_store.keep(refund, 2, b"another") != name
    assert photo_store.read(name) == b"a photo"
    photo_store.forget(name)
    photo_store.forget(name)
    with pytest.raises(NotFound):
        photo_store.read(name)
    assert len([file for file in folder.rglob("*") if file.is_file()]) == 1


def test_only_this_user_reads_the_files(folder: Path) -> None:
    name = photo_store.keep(ids.new_id(), 1, b"a photo")
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert (folder / name).parent.stat().st_mode & 0o777 == 0o700


def test_the_same_photo_kept_again_is_one_file(folder: Path) -> None:
    refund = ids.new_id()
    names = {photo_store.keep(refund, 1, jpeg) for jpeg in (b"a photo", b"the same again")}
    assert len(names) == 1
    assert photo_store.read(names.pop()) == b"the same again"


def test_names_are_short_and_spread(folder: Path) -> None:
    names = [photo_store.keep(ids.new_id(), 1, b"") for _number in range(40)]
    assert max(map(len, names)) <= 120
    assert len({name.partition("/")[0] for name in names}) > 10


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "ab/../../secret"])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        photo_store.read(name)


def test_a_storage_that_can_not_be_loaded_is_named_at_the_start(folder: Path) -> None:
    assert check_photo_storage(None) == []
    with stored_in(BACKEND="storages.backends.s3.S3Storage", OPTIONS={"bucket_name": "photos"}):
        (error,) = check_photo_storage(None)
        assert error.id == "refunds.E002"
        assert 'pip install "django-storages[s3]"' in str(error.hint)
    with stored_in(BACKEND="nowhere.Storage"):
        (error,) = check_photo_storage(None)
        assert "nowhere.Storage" in str(error.hint)
    without = {name: told for name, told in settings.STORAGES.items() if name != "photos"}
    with override_settings(STORAGES=without):
        assert [error.id for error in check_photo_storage(None)] == ["refunds.E001"]


# --- showing -------------------------------------------------------------------------------------


def show(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(token)


urlpatterns = [path("photos/<str:token>", show, name=photo_store.ADDRESS_NAME)]


@pytest.fixture
def photo_id() -> UUID:
    return ids.new_id()


@override_settings(ROOT_URLCONF=__name__)
def test_an_address_shows_the_photo_to_its_viewer(photo_id: UUID) -> None:
    address = photo_store.address(photo_id, MEMBER)
    start, _slash, token = address.rpartition("/")
    assert start == "/photos"
    assert photo_store.check(token, [BUYER, MEMBER]) == photo_id


@pytest.mark.parametrize("viewers", [[], [BUYER], [STAFF, BUYER], ["member:22"]])
def test_nobody_else_sees_it(photo_id: UUID, viewers: list[str]) -> None:
    with pytest.raises(NotFound):
        photo_store.check(photo_store.token(photo_id, MEMBER), viewers)


def test_an_address_ends_after_five_minutes(photo_id: UUID) -> None:
    token = photo_store.token(photo_id, BUYER)
    with clock.moved(timedelta(minutes=4, seconds=50)):
        assert photo_store.check(token, [BUYER]) == photo_id
    with clock.moved(timedelta(minutes=5, seconds=1)), pytest.raises(NotFound):
        photo_store.check(token, [BUYER])


def test_no_other_word_opens_anything(photo_id: UUID) -> None:
    token = photo_store.token(photo_id, BUYER)
    told, _colon, signature = token.partition(":")
    other, _colon, _signature = photo_store.token(ids.new_id(), BUYER).partition(":")
    forged = [
        "",
        ":",
        told,
        f"{other}:{signature}",
        f"{told}:",
        token[:-1],
        token + "A",
        "é:\x00",
        "e30:" + signature,
    ]
    for word in forged:
        with pytest.raises(NotFound):
            photo_store.check(word, [BUYER])


def test_signatures_for_other_purposes_open_nothing(photo_id: UUID) -> None:
    from django.core.signing import Signer

    meant = {"photo": photo_id.hex, "viewer": BUYER, "until": 2**40}
    with pytest.raises(NotFound):
        photo_store.check(Signer(salt="elsewhere").sign_object(meant), [BUYER])


def test_a_new_secret_key_knows_the_old_one(photo_id: UUID) -> None:
    token = photo_store.token(photo_id, BUYER)
    before, new = settings.SECRET_KEY, "a-new-one-" * 5
    with override_settings(SECRET_KEY=new, SECRET_KEY_FALLBACKS=[before]):
        assert photo_store.check(token, [BUYER]) == photo_id
    with override_settings(SECRET_KEY=new), pytest.raises(NotFound):
        photo_store.check(token, [BUYER])
