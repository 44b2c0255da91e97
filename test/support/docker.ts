/**
 * Docker, as far as workers of this machine need it: a stand-in that notes its arguments and really runs commands. As docker's own it passes no
 * signal on: what it has started goes on when it is ended itself. What runs "inside" has the container's variables alone, a directory of its
 * own, and ends with the container.
 */
import { readdirSync, readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"

const PROGRAM = `#!/bin/sh
here=HERE
{ for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\n\\0'; } >>"$here/calls"
case $1 in
  image) echo sha256:0123 ;;
  run)
    : >"$here/variables"
    while [ $# -gt 0 ]; do
      case $1 in
        --cidfile) id=$2; shift ;;
        -e)
          case $2 in
            *=*) printf "export %s='%s'\\n" "\${2%%=*}" "\${2#*=}" ;;
            *) eval "value=\\\${$2-}"; [ -z "$value" ] || printf "export %s='%s'\\n" "$2" "$value" ;;
          esac >>"$here/variables"
          shift ;;
      esac
      shift
    done
    [ ! -e "$here/refused" ] || { echo "docker: it cannot be started" >&2; exit 125; }
    : >"$here/up"
    printf the-id >"$id" ;;
  container)
    if [ -e "$here/up" ]; then echo "running 0"; else echo "exited 3"; fi ;;
  exec)
    [ -e "$here/up" ] || { echo "Error response from daemon: Container the-id is not running" >&2; exit 1; }
    shift
    given=
    while :; do
      case $1 in
        -i) ;;
        -e) given="$given $2"; shift ;;
        *) break ;;
      esac
      shift
    done
    shift
    set -- "$here/enter" "$@"
    for name in $given; do eval "set -- \\"$name=\\$$name\\" \\"\\$@\\""; done
    exec 3<&0
    setsid env -i INSIDE=yes PATH="INNER" HOME="$here/inside" TMPDIR="$here" "$@" <&3 3<&- &
    echo $! >>"$here/pids"
    wait $! ;;
  stop | rm)
    rm -f "$here/up"
    while read -r pid; do kill -KILL "-$pid"; done 2>/dev/null <"$here/pids" ;;
esac
`

/** What stands between the words of `env` and those of the command: the container's variables, and its directory. */
const ENTERED = `#!/bin/sh
. "HERE/variables"
cd "HERE/inside"
exec "$@"
`

export interface Docker {
  /** Its directory, which has `inside`, the one of the container. */
  readonly folder: string
  /** The value of PATH by which it is found. */
  readonly path: string
  /** The words of each call. */
  calls(): readonly (readonly string[])[]
}

/** @param inner the PATH of what runs inside. */
export async function fakeDocker(folder: string, inner = process.env.PATH ?? ""): Promise<Docker> {
  const fill = (text: string) => text.replaceAll("HERE", folder).replace("INNER", inner)
  await mkdir(join(folder, "bin"), { recursive: true })
  await mkdir(join(folder, "inside"))
  await writeFile(join(folder, "enter"), fill(ENTERED), { mode: 0o755 })
  await writeFile(join(folder, "bin", "docker"), fill(PROGRAM), { mode: 0o755 })
  return {
    folder,
    path: `${join(folder, "bin")}${delimiter}${process.env.PATH}`,
    calls: () => {
      if (!readdirSync(folder).includes("calls")) return []
      const text = readFileSync(join(folder, "calls"), "utf8")
      const calls = text.split("\n\0").slice(0, -1)
      return calls.map((call) => call.split("\0").slice(0, -1))
    },
  }
}
