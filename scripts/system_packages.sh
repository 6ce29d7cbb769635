#!/bin/sh
# Debian packages that some tests use. Without them those tests are skipped, and
# pytest's summary says which and why.
set -eu
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pdftoppm >/dev/null || missing="$missing poppler-utils"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages for the tests:$missing"
    if apt-get update -qq >/dev/null 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "Not installed:$missing. Tests that need them will be skipped and say so."
