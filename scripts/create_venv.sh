#!/bin/sh
# Create the virtual environment; on Debian as root, install the venv module if missing.
set -eu
python=$1
venv=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "denialml needs Python 3.11 or newer; $python is $("$python" --version)." >&2
    echo "Name another one: make demo PYTHON=python3.12" >&2
    exit 1
}
if ! "$python" -m venv "$venv" 2>/dev/null; then
    rm -rf "$venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null
        "$python" -m venv "$venv"
    else
        echo "$python cannot create a virtual environment: install python3-venv." >&2
        exit 1
    fi
fi
