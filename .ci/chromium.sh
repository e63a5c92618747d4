#!/bin/sh
# Makes sure that the tests find a Chromium and pdftotext. Never fails: without them those tests skip.
set -u

found() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

if found >/dev/null && command -v pdftotext >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    # The fonts have the widths that drawings are laid out with.
    if apt-get update -qq >/dev/null 2>&1 &&
        apt-get install -y -qq --no-install-recommends chromium poppler-utils fonts-liberation >/dev/null 2>&1; then
        exit 0
    fi
    echo "chromium could not be installed"
fi
echo "no chromium or no pdftotext here: the browser tests will be skipped"
exit 0
