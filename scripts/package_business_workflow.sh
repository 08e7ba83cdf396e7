#!/usr/bin/env bash
# Packages one business workflow, checked and tested, in ./dist or --out.
#   scripts/package_business_workflow.sh fund-factsheet-video [--version 1.4.0] [--sign KEY] [--out DIR]
set -euo pipefail
export GENAI_PLATFORM_CWD="$PWD"
here="$(cd "$(dirname "$0")" && pwd)"
exec "$here/workflow" package "$@"
