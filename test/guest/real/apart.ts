/** Real parts of a guest's machine in namespaces of their own, beside a metadata service: what a script of this folder makes. */
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { promisify } from "node:util"
import { BUILT, here, METADATA } from "./there.js"

const run = promisify(execFile)

/** What the metadata service tells. */
export interface Told {
  /** EC2's user data, byte for byte. */
  readonly userData?: Buffer | string
  /** Compute Engine's. */
  readonly attributes?: Readonly<Record<string, string>>
}

/** The text of a file that was left; "" where there is none. */
export type Left = (path: string) => string

/** A boot by cloud-init takes about five seconds; on a busy machine more. */
const BOOT_S = 360

/**
 * Boots once with a changed root, and waits until the guest's work is done; `chroot.sh` says what it leaves.
 *
 * @param cloud "ec2"; "gce": user data by cloud-init; "google": a startup script by Google's runner, twice.
 */
export async function boot(cloud: "ec2" | "gce" | "google", told: Told): Promise<Left> {
  return await apart(told, BOOT_S, (folder) => ["chroot.sh", join(BUILT, "root"), folder, cloud])
}

/**
 * Runs an emulated machine until it powers itself off, and kills it where it has not; `machine.sh` says what it leaves.
 *
 * @param seconds how long it may run.
 */
export async function machine(told: Told, seconds: number): Promise<Left> {
  return await apart(told, seconds + BOOT_S, (folder) => ["machine.sh", BUILT, folder, String(seconds)])
}

/** Runs the program of EC2 beside a Docker of its own; `docker.sh` says what it leaves. */
export async function docker(program: string): Promise<Left> {
  return await apart({ userData: program }, BOOT_S, (folder) => ["docker.sh", join(BUILT, "packages"), folder])
}

/** @throws Error when the machine around the guest could not be made, with what it said. */
async function apart(
  { userData, attributes }: Told,
  seconds: number,
  line: (folder: string) => readonly [string, ...string[]],
): Promise<Left> {
  const folder = mkdtempSync(join(tmpdir(), "muster-apart-"))
  try {
    if (userData !== undefined) writeFileSync(join(folder, "user-data"), userData)
    if (attributes !== undefined) writeFileSync(join(folder, "attributes.json"), JSON.stringify(attributes))
    const [script, ...words] = line(folder)
    const spaces = ["--net", "--mount", "--pid", "--uts", "--fork", "--kill-child"]
    const command = [...spaces, "sh", here(script), ...words, process.execPath, METADATA]
    await run("unshare", command, { timeout: seconds * 1000, killSignal: "SIGKILL" })
    return filesOf(join(folder, "out"))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All is read now: the folder goes. */
function filesOf(folder: string): Left {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const texts = new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [relative(folder, path), readFileSync(path, "utf8")]
    }),
  )
  return (path) => texts.get(path) ?? ""
}
