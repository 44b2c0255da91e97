/**
 * Access: lets the owner in over ssh, and proves that the host keys are the guest's own. Whether anybody reaches port 22 is the
 * network's affair: the key is planted also where nothing is open. Plain `sh`. Pure.
 */
import type { GroupRequest } from "../../provider.js"
import { compact, hereDocument, word } from "../text.js"

export type Planted = Pick<GroupRequest, "plantedKey" | "nonce" | "authorizedKeys" | "user">

/** Hexadecimal digits, and what they are with the two pads of HMAC (RFC 2104): each XOR 0x36, each XOR 0x5c. */
const DIGITS = "0123456789abcdef"
const INNER = "\\006\\007\\004\\005\\002\\003\\000\\001\\016\\017WTURSP"
const OUTER = "lmnohijkde=>?89:"

/**
 * `muster_access` makes the user where there is none, with the right to use `sudo` without a password, and adds the keys to its
 * `authorized_keys`. Then it tells the host keys on the console, and writes each with its proof into the file `host-keys`.
 *
 * @returns lines of shell; none where there is no key to plant.
 */
export function accessStep({ plantedKey, nonce, authorizedKeys = [], user = "muster" }: Planted): readonly string[] {
  if (plantedKey === undefined) return []
  return [
    `muster_user=${word(user)}`,
    `muster_nonce=${word(nonce ?? "")}`,
    hereLines("muster_keys", [plantedKey, ...authorizedKeys]),
    FUNCTIONS,
  ]
}

function hereLines(name: string, lines: readonly string[]): string {
  return `${name}() {\n${hereDocument("cat", lines.join("\n"))}\n}`
}

/** HMAC-SHA256 with a key of 64 letters needs no padding: the block of SHA-256 has as many bytes. */
const FUNCTIONS = compact(`
  muster_sum() {
    sha256sum | cut -c 1-64
  }
  muster_proof() {
    muster_hex=$({ printf %s "$muster_nonce" | tr ${DIGITS} '${INNER}'; printf %s "$1"; } | muster_sum)
    muster_octal=
    while [ -n "$muster_hex" ]; do
      muster_rest=\${muster_hex#??}
      muster_octal="$muster_octal$(printf '\\\\%03o' "0x\${muster_hex%"$muster_rest"}")"
      muster_hex=$muster_rest
    done
    { printf %s "$muster_nonce" | tr ${DIGITS} '${OUTER}'; printf "$muster_octal"; } | muster_sum
  }
  muster_find_user() {
    muster_found=$(sed -n "s/^$muster_user:[^:]*:\\([0-9]*\\):\\([0-9]*\\):[^:]*:\\([^:]*\\):.*/\\1:\\2 \\3/p" "$muster_root/etc/passwd")
    [ -n "$muster_found" ]
  }
  # "*" is no password and no lock: sshd refuses an account with "!".
  muster_make_user() {
    muster_shell=$(command -v bash || echo /bin/sh)
    if command -v useradd >/dev/null; then
      useradd \${muster_root:+--prefix "$muster_root"} -m -p '*' -s "$muster_shell" "$muster_user"
    elif [ -z "$muster_root" ]; then
      adduser -D -s "$muster_shell" "$muster_user" && echo "$muster_user:*" | chpasswd -e
    fi
  }
  muster_sudo() {
    [ "$muster_user" != root ] && [ -d "$muster_root/etc/sudoers.d" ] || return 0
    (umask 077; printf '%s ALL=(ALL) NOPASSWD:ALL\\n' "$muster_user" >"$muster_home/sudoers")
    chmod 440 "$muster_home/sudoers"
    if command -v visudo >/dev/null && ! visudo -cqf "$muster_home/sudoers"; then
      rm -f "$muster_home/sudoers"
      return 1
    fi
    mv -f "$muster_home/sudoers" "$muster_root/etc/sudoers.d/90-muster"
  }
  muster_plant() {
    muster_ssh="$muster_root\${muster_found#* }/.ssh"
    mkdir -p "$muster_ssh" || return 1
    muster_keys | while IFS= read -r muster_line; do
      grep -qxF -e "$muster_line" "$muster_ssh/authorized_keys" 2>/dev/null ||
      printf '%s\\n' "$muster_line" >>"$muster_ssh/authorized_keys"
    done
    chmod 700 "$muster_ssh" && chmod 600 "$muster_ssh/authorized_keys" || return 1
    chown -R "\${muster_found%% *}" "$muster_ssh" || return 1
    ! command -v restorecon >/dev/null || restorecon -R "$muster_ssh"
    # Commands over ssh have the variables of the user's scripts: the file is there before it is written.
    muster_readers=\${muster_found%% *}
    muster_readers=0:\${muster_readers#*:}
    printf '' >>"$muster_home/environment"
    muster_let_read "$muster_home/environment"
  }
  muster_let_read() {
    chmod 640 "$1" && chown "$muster_readers" "$1"
  }
  muster_host_keys() {
    set -- "$muster_root"/etc/ssh/ssh_host_*_key.pub
    if [ ! -e "$1" ]; then
      ssh-keygen -A \${muster_root:+-f "$muster_root"}
      set -- "$muster_root"/etc/ssh/ssh_host_*_key.pub
    fi
    for muster_file in "$@"; do
      read -r muster_type muster_blob muster_rest 2>/dev/null <"$muster_file" || continue
      muster_say "\${muster_prefix}host-key $muster_type $muster_blob"
      printf '%s %s\\n' "$muster_blob" "$(muster_proof "$muster_blob")"
    done >"$muster_home/host-keys.new"
    chmod 644 "$muster_home/host-keys.new"
    mv -f "$muster_home/host-keys.new" "$muster_home/host-keys"
  }
  muster_access() {
    PATH="$PATH:/usr/sbin:/sbin" command -v sshd >/dev/null || muster_mark "access noted no-sshd"
    muster_find_user || { muster_make_user && muster_find_user; } || return 1
    muster_sudo && muster_plant && muster_host_keys
  }`)
