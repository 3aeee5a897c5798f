#!/bin/sh
# Python under the names and in the place of the official image, and pip allowed to install, as there.
set -eu
root=$1
for name in python python3 python3.13; do ln -s /usr/bin/python3.13 "$root/usr/local/bin/$name"; done
for name in pip pip3; do ln -s /usr/bin/pip3 "$root/usr/local/bin/$name"; done
rm -f "$root/usr/lib/python3.13/EXTERNALLY-MANAGED"
