# Sourced by the scripts: a virtual environment of this project's own, from a hashed lock file. Sets VENV and PYTHON.
VENV="${GENAI_PLATFORM_VENV:-$PWD/.venv}"

# The first Python that runs and is of a supported version. `--version` is not enough: a version manager's stand-in may
# exist on the PATH and refuse to run.
find_python() {
  local name
  # A Python that somebody names is the one to take, or to be told about.
  for name in ${GENAI_PLATFORM_PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "genai-platform needs Python 3.11, 3.12 or 3.13; ${GENAI_PLATFORM_PYTHON:-none of python3, python3.13, python3.12, python3.11} is not one." >&2
  echo "Install one of them, or set GENAI_PLATFORM_PYTHON to its path." >&2
  return 1
}

# ensure_environment LOCK: makes the environment, or brings it up to LOCK; does nothing when it is there already.
ensure_environment() {
  local lock="$1" stamp="$VENV/.installed" wanted
  wanted="$(cat "$lock" requirements-bootstrap.lock | cksum) $lock"
  PYTHON="$VENV/bin/python"
  if [ -x "$PYTHON" ] && [ -f "$stamp" ]; then
    # The development list contains the plain one, so an environment made for the tests serves the demo too.
    grep -qxF "$wanted" "$stamp" && return
  fi
  local base
  base="$(find_python)" || return 1
  # One that was cut off while it was made has no pip; it is made again.
  "$PYTHON" -m pip --version >/dev/null 2>&1 || {
    echo "Making a virtual environment in ${VENV#"$PWD"/} …" >&2
    "$base" -m venv --clear "$VENV" || return 1
  }
  echo "Installing the packages of $lock …" >&2
  # Some machines' pip reports places that it ignores; only errors matter here.
  if "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock 2>/dev/null &&
    "$VENV/bin/uv" pip install --quiet --python "$PYTHON" --require-hashes -r "$lock"; then
    :
  else
    echo "uv cannot install here; using pip, which takes a few minutes …" >&2
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" || {
      echo "The packages could not be installed; is the package registry reachable?" >&2
      return 1
    }
  fi
  echo "$wanted" > "$stamp"
  if [ "$lock" = requirements-dev.lock ]; then
    echo "$(cat requirements.lock requirements-bootstrap.lock | cksum) requirements.lock" >> "$stamp"
  fi
}
