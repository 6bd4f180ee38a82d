import subprocess
import sys
from pathlib import Path

from cloud_service.local_stack.programs import find_program

DASHBOARD = Path("cloud_service/dashboard")


def test_the_pages_types_are_those_of_the_api(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    with document.open("w") as file:
        subprocess.run([sys.executable, "-m", "cloud_service.web.openapi"], check=True, stdout=file)
    generated = tmp_path / "api.gen.ts"

    subprocess.run(
        [
            find_program("node"),
            DASHBOARD / "node_modules/openapi-typescript/bin/cli.js",
            document,
            "--alphabetize",
            "--root-types",
            "--root-types-no-schema-prefix",
            "-o",
            generated,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )

    assert generated.read_text() == (DASHBOARD / "src/api.gen.ts").read_text(), (
        "the API has changed: run `python -m cloud_service.web.openapi > build/openapi.json` and then, "
        "in cloud_service/dashboard, `npm run api -- ../../build/openapi.json`"
    )
