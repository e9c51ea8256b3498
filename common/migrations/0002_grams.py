"""A function that search by index stands on (common/search.py)."""

from __future__ import annotations

from django.db import migrations

CREATE = """
CREATE FUNCTION common_grams(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(low, place, size)), '{}')
      FROM (SELECT lower(value) AS low) AS lowered,
           generate_series(1, length(low)) AS place, generate_series(1, 2) AS size
     WHERE place + size - 1 <= length(low)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION common_grams(text)")]
