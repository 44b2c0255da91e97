/** Words: what is run on a worker's machine to have a command in its container, and what the command begins with there. Pure. */
import { ENTER, NOT_UP_YET } from "../../guest/inside.js"
import { word } from "../../guest/text.js"
import type { Command, SpawnOptions } from "../remote.js"
import { argvOf, MOST_TEXT_BYTES } from "../shell.js"

/** Where the guest of a worker is. */
export interface GuestPlace {
  /** Its directory. */
  readonly home: string
  /** The machine is others' as well, and the guest runs as whoever reaches it. */
  readonly isShared: boolean
}

/** Docker, and the guest's own files, are root's; the user of `access` may become that without a password. */
const AS_ROOT = `[ "$(id -u)" = 0 ] || exec sudo -n /bin/sh "$h/guest" inside "$@"`

const HERE = `export MUSTER_ROOT="\${h%/guest}/root" MUSTER_HOME="$h" MUSTER_CONSOLE= MUSTER_HOST=skip`

/** The group's variables are the image's: its PATH may have none of the machine's own programs. */
const TOOLS = 'PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"'

/**
 * The words for the machine.
 *
 * @param inside those for the container. @param before shell text that runs on the machine first, and sets `muster_file`: the file that is the
 * command's standard input, and whose size in bytes is one word more.
 */
export function enterWords(place: GuestPlace, inside: readonly string[], before?: string): readonly string[] {
  const lines = [
    ...(before === undefined
      ? []
      : [TOOLS, before, 'set -- "$@" "$(($(wc -c <"$muster_file")))"', 'exec <"$muster_file"']),
    "h=$1",
    "shift",
    `[ -e "$h/guest" ] && [ -s "$h/environment" ] || exit ${NOT_UP_YET}`,
    place.isShared ? HERE : AS_ROOT,
    'exec /bin/sh "$h/guest" inside "$@"',
  ]
  return ["/bin/sh", "-c", lines.join("\n"), "sh", place.home, ENTER, ...inside]
}

/**
 * It tells its number, and begins with the line that comes then: where none comes, nobody waits for it any more, and it never begins.
 * What runs by `docker exec` leads a session, so its number is its group's too.
 */
const BEGIN = `echo "$0$$" >&2; IFS= read -r muster_line && eval "$muster_line" && unset muster_line`

/** The command's words for the container. @param mark is told with its number. */
export function beginWords(mark: string, command: Command): readonly string[] {
  if (isLong(command)) return ["/bin/sh", "-c", `${BEGIN} && eval "$muster_text"`, mark]
  return ["/bin/sh", "-c", `${BEGIN} && exec "$@"`, mark, ...argvOf(command)]
}

/** It is no argument of a program, and comes with the line. */
function isLong(command: Command): command is string {
  return typeof command === "string" && Buffer.byteLength(command) > MOST_TEXT_BYTES
}

/** The line that has it begin: where it runs, and its variables, which so stand in no argument list. */
export function beginLine(
  command: Command,
  { cwd, environment = {} }: Pick<SpawnOptions, "cwd" | "environment">,
): string {
  const parts = [
    ...(isLong(command) ? [assigned("muster_text", command)] : []),
    ...(cwd === undefined ? [] : [assigned("muster_cwd", cwd), 'cd -- "$muster_cwd"', "unset muster_cwd"]),
    ...Object.entries(environment).flatMap(([name, value]) => [assigned(name, value), `export ${name}`]),
  ]
  return `${parts.length === 0 ? ":" : parts.join(" && ")}\n`
}

/** In one line, whatever the text: the point at its end keeps line ends that a shell would take away. */
function assigned(name: string, text: string): string {
  if (!text.includes("\n")) return `${name}=${word(text)}`
  const format = text.replaceAll("\\", "\\134").replaceAll("%", "%%").replaceAll("\n", "\\012")
  return `${name}=$(printf ${word(`${format}.`)}) && ${name}=\${${name}%.}`
}

/** The words for the container that send a signal to a command there, and to what it has started. */
export function strikeWords(pid: string, signal: string): readonly string[] {
  const text = 'kill "-$1" "-$0" 2>/dev/null || kill "-$1" "$0"'
  return ["/bin/sh", "-c", text, pid, signal.slice("SIG".length)]
}
