"""`python -m workflow_orchestrator.authoring` is `scripts/workflow`."""

import sys

from workflow_orchestrator.authoring.cli import main


def start() -> int:
    """What an installed wheel calls `genai-workflow`."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
