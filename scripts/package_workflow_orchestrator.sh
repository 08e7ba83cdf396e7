#!/usr/bin/env bash
# Packages the platform: wheel, plugins archive, requirements, bill of materials, checksums, in ./dist/platform or --out.
#   scripts/package_workflow_orchestrator.sh [--out DIR] [--sign KEY]
set -euo pipefail
export GENAI_PLATFORM_CWD="$PWD"
here="$(cd "$(dirname "$0")" && pwd)"
exec "$here/workflow" package --platform --out dist/platform "$@"
