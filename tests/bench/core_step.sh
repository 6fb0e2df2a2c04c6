#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Instructions per message of core_step: two runs of different length under callgrind, so that what
# both have in common (starting, setting up) cancels out. Usage: core_step.sh PROGRAM
set -eu
"$1"
command -v valgrind >/dev/null || { echo "instructions: install valgrind to count them"; exit 0; }
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}
few=$(instructions "$1" 256000)
many=$(instructions "$1" 512000)
echo "core step: $(((many - few) / 256000)) instructions per push-pull message"
