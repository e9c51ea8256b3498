"""The database's part of starting: connections, their health, the role that we are."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from common.models import InboxMessage


@pytest.mark.embedded
@pytest.mark.django_db
def test_connected_as_a_plain_role_where_the_server_is_ours() -> None:
    """The embedded server gives us a role that owns its database and is no superuser."""
    if "EMBEDDED" not in connection.settings_dict:
        pytest.skip("runs on a server of its own")
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)


def test_commits_are_seen_by_other_connections(committed: None) -> None:
    """What `committed` promises."""
    with transaction.atomic():
        made = InboxMessage.objects.create(source="test", external_id="committed", body={})
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM common_inboxmessage WHERE id = %s", [made.pk])
        assert cursor.fetchone() == (1,)
    other.close()
    made.delete()


def test_a_connection_that_the_server_closed_is_noticed_without_asking(committed: None) -> None:
    """The health check sees the closed socket, so that the next request connects anew."""
    connection.ensure_connection()
    assert connection.is_usable()
    other = connection.copy()
    with other.cursor() as cursor, connection.cursor() as mine:
        mine.execute("SELECT pg_backend_pid()")
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", mine.fetchone())
    other.close()
    assert not connection.is_usable()
    connection.close()
    connection.ensure_connection()
    assert connection.is_usable()
