#!/usr/bin/env bash
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The first process of a host: makes its root folder and runs its sshd there. Called by hosts.py, in the host's namespaces.
set -eu
name=$1 root=$2 folder=$3 checkout=$4 python=$5

hostname "$name"
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/merged"
chmod 0755 "$root/upper"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/merged"
new=$root/merged
mount -t proc proc "$new/proc"
mount --rbind /dev "$new/dev"
mount -t tmpfs -o mode=0755 tmpfs "$new/run"
mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
# The overlay shows what lies on the root file system only; temporary folders were just hidden.
for seen in "$checkout" "$python"; do
    mkdir -p "$new$seen"
    mount --bind -o ro "$seen" "$new$seen"
    above=$seen
    while above=$(dirname "$above") && [ "$above" != / ]; do
        chmod a+x "$new$above" # the service's user reads the interpreter below it
    done
done

mkdir -p "$new/run/sshd" "$new/etc/lab" "$new/etc/systemd/system"
rm -rf "$new/root/.ssh"
cp "$folder/id.pub" "$new/etc/lab/authorized_keys"
cp "$folder/hosts" "$new/etc/hosts"
ssh-keygen -q -t ed25519 -N '' -f "$new/etc/lab/host_key"
cat >"$new/etc/lab/sshd_config" <<END
HostKey /etc/lab/host_key
AuthorizedKeysFile /etc/lab/authorized_keys
PermitRootLogin yes
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
END
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$python/bin/python3" "$(dirname "$0")/systemctl.py" >"$new/usr/local/sbin/systemctl"
chmod 0755 "$new/usr/local/sbin/systemctl"
chroot "$new" /usr/sbin/groupadd --system openbao
chroot "$new" /usr/sbin/useradd --system --gid openbao --home-dir /opt/openbao --create-home openbao
exec chroot "$new" /usr/sbin/sshd -D -e -f /etc/lab/sshd_config
