#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Instructions per message of core_step or core_reports: two runs of different length under
# callgrind, so that what both have in common (starting, setting up) cancels out. valgrind shows
# programs no AVX-512, so what it counts is the code for AVX2.
# Usage: core_step.sh PROGRAM [SHORT LONG], arguments of the program
set -eu
"$1"
command -v valgrind >/dev/null || { echo "instructions: install valgrind to count them"; exit 0; }
messages() {
    "$1" "$2" | sed -n 's/.*(\([0-9]*\) messages.*/\1/p'
}
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}
short=${2:-256000}
long=${3:-512000}
count=$(($(messages "$1" "$long") - $(messages "$1" "$short")))
more=$(($(instructions "$1" "$long") - $(instructions "$1" "$short")))
echo "$(basename "$1"): $((more / count)) instructions per message"
