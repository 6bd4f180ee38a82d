"""A database as large as a laboratory's after years: written by the database itself, as that is the quickest."""

from sqlalchemy import Engine, text

from cloud_service import migrations
from cloud_service.database import make_engine, transaction
from cloud_service.models import Device, ModelVersion, Site
from tests.support.messages import good_quality
from tests.support.model_cards import a_card

CASES, IMAGES_EACH = 100_000, 10
LARGE_CASE = 500
"""How many images the first case has."""
MODEL_DIGEST = "d" * 64

# A case's images stand `CASES` apart in the order of time. What is not the same for all follows from an image's number
# by multiplication with primes. Of the cases, 1 in 10 has a suspicious image; the newest 200 wait for answers.
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_ROWS = """{numbers}, r AS (
  SELECT i, {case} AS c, {uuid} AS id, {case} * 2654435761 % 4294967296 AS scrambled,
         i * 7919 % 10007 / 10007.0 AS probability FROM n)"""
_CAPTURES = """INSERT INTO capture
  (id, site_id, device_id, outbox_id, sequence, state, sha256, original_sha256, byte_size, media_type, width, height,
   part_size, part_count, case_pseudonym, smear, quality, priority, captured_at, announced_at, received_at)
{rows}
SELECT id, 'site-' || (c % 4), 'scope-' || (c % 20), {outbox}, i,
       CASE WHEN i % 501 = 0 THEN 'failed' WHEN c >= {cases} - 200 THEN 'stored' ELSE 'analysed' END,
       {sha}, {sha}, 1000000, 'image/jpeg', 2592, 1944, 65536, 16, {pseudonym}, 'S' || (c % 5000) || '-' || (i % 7),
       '{quality}', 'routine', {at}, {at}, {at} FROM r"""
_PREDICTIONS = """INSERT INTO prediction (id, capture_id, model_digest, probability, label, doubts, runtime, created_at)
{rows}
SELECT id, id, '{digest}', probability, CASE WHEN probability >= 0.99 THEN 'suspicious' ELSE 'no_blast_features' END,
       CASE WHEN i % 37 = 0 THEN '["Undecided."]' ELSE '[]' END{json}, 'seed', {at}
FROM r WHERE i % 501 <> 0 AND c < {cases} - 200"""

_CHANGES = (
    """UPDATE "case" SET signed_by = 'clinician', signed_at = latest_at, state = 'signed', queue = 'done'
       WHERE substr(pseudonym, 8, 1) < 'c'""",
    """UPDATE "case" SET held_by = 'clinician', state = 'claimed'
       WHERE queue <> 'done' AND substr(pseudonym, 7, 2) = 'ff'""",
    """UPDATE "case" SET held_by = 'dr-other', state = 'claimed'
       WHERE queue <> 'done' AND substr(pseudonym, 7, 2) = 'fe'""",
)

_POSTGRES = {
    "uuid": "lpad(to_hex(i), 32, '0')::uuid",
    "outbox": "'00000000000000000000000000000007'::uuid",
    "sha": "lpad(to_hex(i), 64, '0')",
    "pseudonym": "lpad(to_hex(scrambled), 8, '0') || lpad(to_hex(c), 24, '0')",
    "at": "timestamptz '2024-01-01 00:00:00+00' + i * interval '60 seconds'",
    "json": "::json",
    "bigint": "::bigint",
}
_SQLITE = {
    "uuid": "printf('%032x', i)",
    "outbox": "'00000000000000000000000000000007'",
    "sha": "printf('%064x', i)",
    "pseudonym": "printf('%08x%024x', scrambled, c)",
    "at": "strftime('%Y-%m-%d %H:%M:%f000', '2024-01-01', '+' || i || ' minutes')",
    "json": "",
    "bigint": "",
}


def fill(database_url: str) -> Engine:
    """Make the tables, write captures with their answers as they were before there were cases, and migrate them."""
    migrations.upgrade(database_url, "0003")
    engine = make_engine(database_url)
    with transaction(engine) as session:
        session.add_all(Site(id=f"site-{number}") for number in range(4))
        session.flush()
        session.add_all(Device(id=f"scope-{number}", site_id=f"site-{number % 4}") for number in range(20))
        card = a_card(name="seed").model_dump(mode="json")
        session.add(ModelVersion(digest=MODEL_DIGEST, name="seed", version="1", card=card))
    _insert(engine, 0, CASES * IMAGES_EACH - 1, f"i % {CASES}")
    _insert(engine, CASES * IMAGES_EACH, CASES * IMAGES_EACH + LARGE_CASE - IMAGES_EACH - 1, "0")
    migrations.upgrade(database_url)
    with transaction(engine) as session:
        for change in _CHANGES:
            session.execute(text(change))
    _settle(engine)
    return engine


def _insert(engine: Engine, first: int, last: int, case: str) -> None:
    words = _POSTGRES if engine.dialect.name == "postgresql" else _SQLITE
    numbers = _NUMBERS.format(first=f"{first}{words['bigint']}", last=last)
    rows = _ROWS.format(numbers=numbers, case=f"({case})", uuid=words["uuid"])
    fields = words | {"rows": rows, "cases": CASES, "digest": MODEL_DIGEST, "quality": good_quality().model_dump_json()}
    with engine.begin() as connection:
        for statement in (_CAPTURES, _PREDICTIONS):
            connection.exec_driver_sql(statement.format(**fields).replace("%", "%%" if words is _POSTGRES else "%"))


def _settle(engine: Engine) -> None:
    """What autovacuum does in time: statistics, and pages known to be visible to all."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            connection.exec_driver_sql("ANALYZE")
