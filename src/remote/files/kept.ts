/** Kept: what we leave beside files that were sent: which they are, a line for each, and how it is seen that they are still those. Pure. */
import { plainWord } from "../../guest/text.js"

/** The directory, in that of the files. */
export const KEPT = ".muster-sent"

/** By name, with the lines of the log that are about it, from 1. */
export interface KeptLog {
  readonly digests: ReadonlyMap<string, string>
  readonly linesOf: ReadonlyMap<string, readonly number[]>
  /** How many lines it has. */
  readonly length: number
}

/** As sha256sum takes its lines. A name with other characters that JSON escapes is no such line, and is not looked at. */
const SUMS = [
  `s/^\\([0-9a-f]\\{64\\}\\)[fx] "\\(.*\\)"$/\\1  .\\/\\2/`,
  "t own",
  "d",
  ":own",
  `s/\\\\"/"/g`,
  `/\\\\/s/^/\\\\/`,
].join("\n")

/** A command that prints the digest of all that was sent, or an empty line, and then what of it is not there any more as it was sent. */
export function lookText(to: string): string {
  const sums = `sed -e ${plainWord(SUMS)} ${KEPT}/log 2>/dev/null`
  return `cd -- ${plainWord(to)} 2>/dev/null || exit 0; echo "$(cat ${KEPT}/digest 2>/dev/null)"; ${sums} | sha256sum -c 2>/dev/null | grep -v ': OK$' || true`
}

export interface Look {
  /** "" where nothing was sent to its end. */
  readonly digest: string
  readonly differing: ReadonlySet<string>
}

export function lookOf(text: string): Look {
  const [digest = "", ...lines] = text.split("\n")
  return { digest: digest.trim(), differing: new Set(failedNames(lines)) }
}

/** The names that `sha256sum -c` says are others, or are not there. */
export function failedNames(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [, mark, name] = /^(\\?)\.\/(.*): FAILED/.exec(line) ?? []
    if (name === undefined) return []
    return [mark === "" ? name : name.replace(/\\([\\nr])/g, (_, letter: string) => ESCAPED[letter] ?? letter)]
  })
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r" }

/** What was sent so far, by name: the last line of a name counts. A line that was not written to its end says nothing. */
export function logOf(text: string): KeptLog {
  const digests = new Map<string, string>()
  const linesOf = new Map<string, number[]>()
  const lines = text.split("\n").slice(0, -1)
  for (const [index, line] of lines.entries()) {
    const [, digest, name] = /^(-|[0-9a-f]{64}[flx]) (".*")$/.exec(line) ?? []
    if (digest === undefined || name === undefined) continue
    const path = JSON.parse(name) as string
    linesOf.set(path, [...(linesOf.get(path) ?? []), index + 1])
    if (digest === "-") digests.delete(path)
    else digests.set(path, digest)
  }
  return { digests, linesOf, length: lines.length }
}

/**
 * Lines of a script that brings the log to what is there now: those of names that have changed or are gone are taken out. Where somebody
 * else has written to it meanwhile none is, and the last line of a name counts.
 *
 * @param own how the names begin of files that nobody else has: another process may send to the same place.
 */
export function logText(
  log: KeptLog,
  changed: readonly { readonly path: string; readonly digest: string }[],
  gone: readonly string[],
  own: string,
): readonly string[] {
  const names = [...changed.map(({ path }) => path), ...gone]
  const old = names.flatMap((path) => log.linesOf.get(path) ?? [])
  return [
    `cat >${own}.old <<'MUSTER_OLD'`,
    ...old.map((line) => `${line}d`),
    "MUSTER_OLD",
    `touch ${KEPT}/log`,
    `[ "$(wc -l <${KEPT}/log)" -eq ${log.length} ] || : >${own}.old`,
    `sed -f ${own}.old ${KEPT}/log >${own}.log`,
    `cat >>${own}.log <<'MUSTER_LOG'`,
    ...changed.map(({ path, digest }) => `${digest} ${JSON.stringify(path)}`),
    ...gone.map((path) => `- ${JSON.stringify(path)}`),
    "MUSTER_LOG",
    `mv -f ${own}.log ${KEPT}/log`,
    `rm -f ${own}.old`,
  ]
}
