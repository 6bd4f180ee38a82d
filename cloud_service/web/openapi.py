"""Prints the API's OpenAPI document: `python -m cloud_service.web.openapi`. The page's types are generated from it."""

import json
import sys
import tempfile

from cloud_service.app import create_app
from cloud_service.config import Settings
from cloud_service.web.description import openapi_document


def main() -> None:
    """Print the document; nothing is served and no server is asked."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(blob_url=folder)
        json.dump(openapi_document(create_app(settings)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
