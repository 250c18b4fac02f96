# Sourced by the tasks under .mise/tasks: installs what is missing and says what it does.
# Works on a bare Debian as root or with sudo; every function does nothing when there is nothing to do.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# What running jobs in virtual machines needs, and what only the tests need on top.
runtime_packages=(git python3 python3-venv qemu-system-x86 qemu-utils mmdebstrap busybox-static cpio e2fsprogs
  bubblewrap zstd xz-utils kmod ca-certificates)
test_packages=(procps)

say() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "need root (or sudo) for: $*"
    return 1
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# ensure_packages NAME…: apt packages, fetched only when missing; package lists only when they are stale.
ensure_packages() {
  command -v dpkg-query >/dev/null || { say "no apt on this system: expecting $* to be there"; return 0; }
  local missing=() name
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local install=(apt-get install -qq -y --no-install-recommends "${missing[@]}")
  as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >build/apt.log 2>&1 && return 0
  as_root apt-get update -qq >build/apt.log 2>&1 || { cat build/apt.log >&2; return 1; }
  as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >>build/apt.log 2>&1 || { cat build/apt.log >&2; return 1; }
}

find_python() {
  local name
  # The guests of the shipped image have 3.11: byte code compiled by the same minor starts their agent faster.
  for name in python3.11 python3 python3.12 python3.13; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  say "no Python 3.11 or newer found: install python3 and python3-venv"
  return 1
}

# digest_of FILE…: one digest of the files' contents.
digest_of() { cat "$@" | sha256sum | cut -c1-32; }

# ensure_venv runtime|dev: .venv with the pinned requirements and this checkout, editable.
ensure_venv() {
  local kind=$1 files stamp
  files=("requirements/$kind.txt" requirements/build.txt)
  stamp=".venv/.solstice-$kind-$(digest_of "${files[@]}" pyproject.toml)"
  # What serves the developers serves the runtime as well.
  local full=".venv/.solstice-dev-$(digest_of requirements/dev.txt requirements/build.txt pyproject.toml)"
  if { [ -e "$stamp" ] || [ -e "$full" ]; } && .venv/bin/python -c '' 2>/dev/null; then return 0; fi
  if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    local python
    python=$(find_python)
    say "making .venv with $python"
    "$python" -m venv --clear .venv
  fi
  say "installing requirements/$kind.txt"
  local pip=(.venv/bin/python -m pip install -q --disable-pip-version-check --no-input)
  "${pip[@]}" --require-hashes -r "requirements/$kind.txt" -r requirements/build.txt
  "${pip[@]}" --no-deps --no-build-isolation -e .
  rm -f .venv/.solstice-"$kind"-*
  touch "$stamp"
}

# ensure_bytecode: compiled modules, also where PYTHONDONTWRITEBYTECODE keeps Python from leaving them behind.
ensure_bytecode() { .venv/bin/python -m compileall -q src; }

# ensure_agent: the zipapp that runs inside the guests; its task skips itself when it is current.
ensure_agent() { ensure_bytecode; .mise/tasks/build/agent >build/agent.log 2>&1 || { cat build/agent.log >&2; return 1; }; }

mkdir -p build
