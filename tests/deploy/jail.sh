#!/bin/sh
# Runs a program as a container would: root read-only but for one folder, no root, no capability,
# no new privilege, no memory both written and executed.
#   jail.sh FOLDER PYTHON_PREFIX PROGRAM...
set -eu
state=$1 prefix=$2
shift 2

mount --make-rprivate /
case $prefix in
/root/*) # where nobody else may look: the interpreter alone stays
    mkdir -p "$state.prefix"
    mount --bind "$prefix" "$state.prefix"
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir -p "$prefix"
    mount --move "$state.prefix" "$prefix"
    ;;
esac
mount --bind "$state" "$state"
mount -o remount,bind,ro /
mount -o remount,bind,rw "$state"
exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all "$@"
