"""`python -m workflow_orchestrator.authoring` is `scripts/workflow`."""

import sys

from workflow_orchestrator.authoring.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
