"""Which sites' devices an ingest replica serves."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.models import Site
from shared.topics import shard_of


def sites_of_shard(session: Session, shard: int, shard_count: int) -> list[str]:
    """Ids of the sites whose devices belong to a shard."""
    return [site for site in session.scalars(select(Site.id)) if shard_of(site, shard_count) == shard]
