"""A database as large as a laboratory's after years: written by the database itself, as that is the quickest."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from cloud_service import migrations
from cloud_service.bench.photographs import good_quality
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from cloud_service.ml.package import load_package

MODEL_DIGEST = "d" * 64
READER = "clinician"
"""Who has signed and claimed cases here."""
NEWEST_WAITING = 200
"""Cases that wait for answers."""


@dataclass(frozen=True)
class Size:
    """How much there is.

    Attributes:
        cases: more than NEWEST_WAITING.
        images_each: of each case.
        large_case: images of the first case, at least images_each.
    """

    cases: int = 100_000
    images_each: int = 10
    large_case: int = 500


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
       CASE WHEN i % 501 = 0 THEN 'failed' WHEN c >= {cases} - {waiting} THEN 'stored' ELSE 'analysed' END,
       {sha}, {sha}, 1000000, 'image/jpeg', 2592, 1944, 65536, 16, {pseudonym}, 'S' || (c % 5000) || '-' || (i % 7),
       '{quality}', 'routine', {at}, {at}, {at} FROM r"""
_PREDICTIONS = """INSERT INTO prediction (id, capture_id, model_digest, probability, label, doubts, runtime, created_at)
{rows}
SELECT id, id, '{digest}', probability, CASE WHEN probability >= 0.99 THEN 'suspicious' ELSE 'no_blast_features' END,
       CASE WHEN i % 37 = 0 THEN '["Undecided."]' ELSE '[]' END{json}, 'seed', {at}
FROM r WHERE i % 501 <> 0 AND c < {cases} - {waiting}"""

# As all was kept before there were cases and a registry; the tables of today have more columns.
_SITE = "INSERT INTO site (id, created_at) VALUES (:id, '2024-01-01')"
_DEVICE = """INSERT INTO device (id, site_id, enrolled_at, presence, paused)
VALUES (:id, :site, '2024-01-01', 'offline', false)"""
_MODEL = """INSERT INTO model_version (digest, name, version, card, first_used_at)
VALUES (:digest, 'seed', '1', :card, '2024-01-01')"""
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


def fill(database_url: str, size: Size) -> Engine:
    """Make the tables, write captures with their answers as they were before there were cases, and migrate them.

    Args:
        database_url: of an empty database, SQLite or PostgreSQL.
        size: how much to write.

    Returns:
        the database's engine; the caller disposes of it.
    """
    migrations.upgrade(database_url, "0003")
    engine = make_engine(database_url)
    with transaction(engine) as session:
        session.execute(text(_SITE), [{"id": f"site-{number}"} for number in range(4)])
        devices = [{"id": f"scope-{number}", "site": f"site-{number % 4}"} for number in range(20)]
        session.execute(text(_DEVICE), devices)
        session.execute(text(_MODEL), {"digest": MODEL_DIGEST, "card": _card()})
    images = size.cases * size.images_each
    _insert(engine, 0, images - 1, f"i % {size.cases}", size)
    _insert(engine, images, images + size.large_case - size.images_each - 1, "0", size)
    migrations.upgrade(database_url)
    with transaction(engine) as session:
        for change in _CHANGES:
            session.execute(text(change))
    _settle(engine)
    return engine


def _insert(engine: Engine, first: int, last: int, case: str, size: Size) -> None:
    words = _POSTGRES if engine.dialect.name == "postgresql" else _SQLITE
    numbers = _NUMBERS.format(first=f"{first}{words['bigint']}", last=last)
    rows = _ROWS.format(numbers=numbers, case=f"({case})", uuid=words["uuid"])
    fields = words | {
        "rows": rows,
        "cases": size.cases,
        "waiting": NEWEST_WAITING,
        "digest": MODEL_DIGEST,
        "quality": good_quality().model_dump_json(),
    }
    with engine.begin() as connection:
        for statement in (_CAPTURES, _PREDICTIONS):
            connection.exec_driver_sql(statement.format(**fields).replace("%", "%%" if words is _POSTGRES else "%"))


def _card() -> str:
    """A card that can be shown; which model it is does not matter here."""
    return load_package(Settings().model_dir).card.model_dump_json()


def _settle(engine: Engine) -> None:
    """What autovacuum does in time: statistics, and pages known to be visible to all. SQLite does no such thing."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
