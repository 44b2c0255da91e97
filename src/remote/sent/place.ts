/** Place: how what a worker waits for is put into the folder that its guest has made. Values travel on standard input alone. */
import { exportLines } from "../../guest/steps/environment.js"
import { SENT_FOLDERS } from "../../guest/steps/sent.js"
import { MusterError } from "../../errors.js"
import { type CommandOptions, runCommand } from "../output.js"
import type { Command, Remote, RemoteProcess, SpawnOptions } from "../remote.js"
import { checkLimits } from "../limits.js"
import { argvOf, MOST_TEXT_BYTES } from "../shell.js"

/** Of what is brought. */
export type SentName = "files" | "secrets"

export interface PlaceOptions extends Pick<CommandOptions, "signal"> {
  /** The name of the worker, for errors. */
  readonly worker: string
}

/** A command that does not answer is ended after so long, in milliseconds. */
const ANSWER_MS = 60_000

/** The exit code where the guest is not there yet. */
const NOT_YET = 75

/** The last line of secrets that have arrived whole: a connection that is lost looks like the end of what was sent. */
const WHOLE = "# whole"

/** Goes to the folder. A worker of this machine is told where it is; a machine of its own has it at one of two places. */
const FIND = `if [ -n "\${MUSTER_SENT:-}" ]; then set -- "$MUSTER_SENT"; else set -- ${SENT_FOLDERS.join(" ")}; fi
for d do [ -d "$d" ] && [ -w "$d" ] && cd "$d" && break; d=; done; [ -n "$d" ] || exit ${NOT_YET}
umask 077
`

/** What of it has arrived; undefined where the guest does not wait yet. */
export async function arrivedAt(remote: Remote, options: PlaceOptions): Promise<ReadonlySet<string> | undefined> {
  const { stdout, exitCode } = await run(remote, `${FIND}ls`, options)
  return exitCode === NOT_YET ? undefined : new Set(stdout.split("\n").filter((name) => name !== ""))
}

/** Says that all files are in their place. @param digest of all of them. */
export async function markFiles(remote: Remote, digest: string, options: PlaceOptions): Promise<void> {
  await checked(remote, `${FIND}n=files.new.$$; cat >$n && mv -f $n files`, { ...options, stdin: `${digest}\n` })
}

/**
 * Each writer has a name of its own for what is not whole yet: one whose connection was lost may still be there.
 *
 * @param values by the names of variables.
 */
export async function placeSecrets(
  remote: Remote,
  values: Readonly<Record<string, string>>,
  options: PlaceOptions,
): Promise<void> {
  const stdin = [...exportLines(values), WHOLE, ""].join("\n")
  const whole = `[ "$(tail -n 1 $n)" = "${WHOLE}" ] || { rm -f $n; exit 1; }`
  await checked(remote, `${FIND}n=secrets.new.$$; cat >$n && ${whole}; mv -f $n secrets`, { ...options, stdin })
}

/** Has the guest end its wait. @param why in words. */
export async function giveUp(remote: Remote, name: SentName, why: string, options: PlaceOptions): Promise<void> {
  const script = `${FIND}cat >"${name}.new" && mv -f "${name}.new" "${name}.failed"`
  await checked(remote, script, { ...options, stdin: `${why}\n` })
}

function run(remote: Remote, script: string, { worker, ...options }: PlaceOptions & Pick<SpawnOptions, "stdin">) {
  return runCommand(remote, script, { worker }, { ...options, check: false, timeoutMs: ANSWER_MS })
}

async function checked(remote: Remote, script: string, options: PlaceOptions & { readonly stdin: string }) {
  const { exitCode, stderr } = await run(remote, script, options)
  if (exitCode === 0) return
  const message = `${options.worker}: writing what it waits for: exit code ${exitCode}: ${stderr.trim()}`
  throw new MusterError(message, { code: "NotPlaced" })
}

/** The file is empty from when the user is let in until the guest's next steps have written it: that is waited for, for half a minute. */
const SOURCED = `muster_file=/var/lib/muster/environment muster_tries=0
while [ -e "$muster_file" ] && [ ! -s "$muster_file" ] && [ $muster_tries -lt 30 ]; do
sleep 1
muster_tries=$((muster_tries + 1))
done
[ ! -r "$muster_file" ] || . "$muster_file"
for muster_file in ${SENT_FOLDERS.map((folder) => `${folder}/secrets`).join(" ")}; do
[ ! -r "$muster_file" ] || { . "$muster_file"; break; }
done
unset muster_file muster_tries`

/**
 * The same remote, whose commands have what the worker's scripts have: its group's variables, Muster's own, and its secrets. They are
 * read there, by names that no user's variable has. The guest lets the user of `access` read them; where it does not yet, the command runs without.
 */
export function withEnvironment(remote: Remote): Remote {
  return {
    forward: (port, at) => remote.forward(port, at),
    close: () => remote.close(),
    spawn: async (command: Command, options: SpawnOptions = {}): Promise<RemoteProcess> => {
      checkLimits(command, options)
      const isLong = typeof command === "string" && Buffer.byteLength(command) > MOST_TEXT_BYTES
      const words = ["/bin/sh", "-c", `${SOURCED}\nexec "$@"`, "sh", ...argvOf(command)]
      return remote.spawn(isLong ? `${SOURCED}\n${command}` : words, options)
    },
  }
}
