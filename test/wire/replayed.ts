/** Replayed: a recording on a port, in the place of a double. */
import { resolve } from "node:path"
import { readReport } from "../../src/doctor/report/files.js"
import type { WalkReport } from "../../src/doctor/report/format.js"
import { SpecError } from "../../src/errors.js"
import type { WiredCloud } from "../chaos/wires.js"
import { clockFrom } from "../recordings/by-hand.js"
import { type Replay, replay } from "../recordings/replay.js"
import { exportsText } from "./handout.js"
import { certificateFile } from "./login.js"

export interface Replayed {
  /** What to export and to paste. */
  readonly text: string
  /** What was played until now, and what was not. */
  told(): string
  close(): Promise<void>
}

/** What is not in a recording cannot be chosen. */
const OF_DOUBLES = ["speed", "seed", "scenario"] as const

export type GivenOfDoubles = Partial<Readonly<Record<(typeof OF_DOUBLES)[number], string>>>

/**
 * @param file the JSON file of a report. @param given options of doubles, of which there may be none. @param port any free one for 0.
 * @throws SpecError for a file that cannot be read, is no report, is of another version or of another cloud.
 */
export async function replayed(
  cloud: WiredCloud,
  file: string,
  { port, ...given }: GivenOfDoubles & { readonly port: number },
): Promise<Replayed> {
  const path = resolve(file)
  refuseOfDoubles(given)
  const report = await recordingOf(cloud, path)
  const server = await replay(report, clockFrom(Date.parse(report.at)), port)
  const certificate = server.ca === "" ? undefined : certificateFile(server.ca)
  return {
    text: textFor(path, report, server, certificate?.path),
    told: () => toldOf(server),
    close: async () => {
      certificate?.remove()
      await server.close()
    },
  }
}

function refuseOfDoubles(given: GivenOfDoubles): void {
  const message = "a recording has its own pace and answers; leave this out, or --replay"
  const problems = OF_DOUBLES.filter((name) => given[name] !== undefined).map((name) => {
    const value = given[name] ?? ""
    return { option: `--${name}`, value, message: `is "${value}" beside --replay: ${message}` }
  })
  if (problems.length > 0) throw new SpecError(problems)
}

async function recordingOf(cloud: WiredCloud, path: string): Promise<WalkReport> {
  const report = await readReport(path, "--replay")
  if (report.provider === cloud) return report
  const message = `${path} is a recording of ${report.provider}, not of ${cloud}; give one of ${cloud}, or name its cloud`
  throw new SpecError([{ option: "--replay", value: path, message }])
}

function textFor(path: string, report: WalkReport, { url, size }: Replay, certificate: string | undefined): string {
  const { provider, region, at, seconds, instanceType } = report
  return [
    `A recording of ${provider}, ${region} with ${instanceType}, ${at}: ${size} exchanges on ${url}, as fast as they were.`,
    "Ctrl-C ends it, and says what was played. Then start it again for another walk.",
    ...(certificate === undefined
      ? ["Nothing has to be exported: the program says all that is needed."]
      : ["Paste into another terminal, in this directory:", exportsText({ NODE_EXTRA_CA_CERTS: certificate })]),
    `The walk of the recording, in about ${Math.ceil(seconds / 60)} minutes (the lines as they are, with no spaces before END).
"muster doctor --live" draws a cluster and a number of its own, and asks for offers first, which is not in a recording:
so this program walks with those of the recording, and by a clock that begins at its moment.`,
    programFor(url, path),
  ].join("\n\n")
}

function programFor(url: string, path: string): string {
  return `node test/tools/run.mjs - <<'END'
import { playByHand } from "./test/recordings/by-hand.js"

const played = await playByHand(${JSON.stringify(url)}, ${JSON.stringify(path)}, console.error)
console.log(played)
process.exitCode = played.others.length === 0 ? 0 : 1
END`
}

/** Lines of one kind each, at most. */
const MOST = 40

function toldOf({ size, unknown, unplayed }: Replay): string {
  const left = unplayed()
  const asked = left.map(
    ({ api, at, request }) => `${api} after ${(at / 1000).toFixed(1)} s: ${request.method} ${request.url}`,
  )
  return [
    `${size - left.length} of ${size} exchanges were played.`,
    ...listed("Nobody asked for:", asked),
    ...listed("The recording has nothing like:", unknown),
  ].join("\n")
}

function listed(title: string, all: readonly string[]): readonly string[] {
  if (all.length === 0) return []
  const more = all.length - MOST
  return [title, ...all.slice(0, MOST).map((line) => `    ${line}`), ...(more > 0 ? [`    and ${more} more`] : [])]
}
