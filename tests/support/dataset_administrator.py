"""Who sends data sets to the API in tests, and lets a worker do what it has to."""

from typing import Any

import httpx

from tests.support.dataset_archives import send, work_off
from tests.support.web import ApiServer


class Administrator:
    """Sends data sets, and lets a worker do what it has to."""

    def __init__(self, server: ApiServer, client: httpx.Client) -> None:
        self.server, self.client = server, client

    def get(self, path: str) -> Any:
        """What an address below that of data sets returns."""
        response = self.client.get(f"/api/v1/datasets{path}")
        assert response.status_code == 200, response.text
        return response.json()

    def checked(self, content: bytes, name: str = "fields", **query: Any) -> Any:
        """Send an archive, let it be checked; returns the import with its report."""
        sent = send(self.client, content, name, **query)
        assert (sent["state"], sent["created_by"]) == ("waiting", "administrator")
        work_off(self.server.engine, self.server.blobs)
        return self.get(f"/imports/{sent['id']}")

    def kept(self, content: bytes, name: str = "fields", **query: Any) -> Any:
        """Send an archive and keep it; returns the data set."""
        checked = self.checked(content, name, **query)
        assert checked["state"] == "checked", checked["reason"]
        confirmed = self.client.post(f"/api/v1/datasets/imports/{checked['id']}/confirm")
        assert confirmed.json()["state"] == "importing", confirmed.text
        work_off(self.server.engine, self.server.blobs)
        imported = self.get(f"/imports/{checked['id']}")
        assert (imported["state"], imported["reason"]) == ("imported", None)
        return self.get(f"/{imported['dataset_id']}")
