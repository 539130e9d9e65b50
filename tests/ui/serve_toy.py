"""`flow ui` with the toy in the place of the real production."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def serve(port: int) -> None:
    from flows.server import prepare_prefect

    prepare_prefect()
    import toy_production

    sys.modules["flows.produce"] = toy_production
    from flows.deploy import ui

    ui(port=port)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
