/** Unit: a systemd unit that has a cluster follow its work. Pure but for where this program stands. */
import { dirname, resolve } from "node:path"
import { SpecError } from "../../../errors.js"
import type { NamedTarget } from "../../clusters.js"
import type { Given } from "../../surroundings.js"

/**
 * The text of the unit: this command line, restarted when it fails, with no value of a secret in it.
 *
 * @throws SpecError for a file that is the standard input.
 */
export function unitOf({ name, file }: NamedTarget, given: Given): string {
  const path = file?.path ?? "muster.yaml"
  if (path === "-") throw new SpecError([{ option: "--file", value: path, message: "is no file for a unit; name one" }])
  const words = [process.execPath, resolve(process.argv[1] ?? "muster"), "adapt", name, "--file", resolve(path)]
  const kept = keptFlags(given)
  const progress = kept.includes("--progress") ? [] : ["--progress", "plain"]
  const onInterrupt = given.values["on-interrupt"]?.[0] ?? "let-go"
  const line = [...words, ...kept, ...progress, "--on-interrupt", onInterrupt].map(word).join(" ")
  return [
    "# mkdir -p ~/.config/systemd/user",
    `# muster adapt ${name} --unit > ~/.config/systemd/user/muster-${name}.service`,
    `# systemctl --user daemon-reload && systemctl --user enable --now muster-${name}`,
    "# loginctl enable-linger lets it run while you are not logged in.",
    "[Unit]",
    `Description=Muster: cluster ${name} follows its work`,
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Service]",
    `WorkingDirectory=${dirname(resolve(path)).replaceAll("%", "%%")}`,
    `ExecStart=${line}`,
    "# Stopping it lets the workers go on until the cluster's deadline, so that a restart costs no work.",
    `# With --on-interrupt close they end with it. To end them by hand: muster delete ${name}`,
    "KillSignal=SIGTERM",
    "# Its exit code says that it was stopped, which is no failure.",
    "SuccessExitStatus=143",
    "TimeoutStopSec=20min",
    "Restart=on-failure",
    "RestartSec=30s",
    "# Variables of the file, and of the clouds, where they are not in your files: a file of mode 0600.",
    `# EnvironmentFile=%h/.config/muster/${name}.env`,
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n")
}

/** These are said otherwise, or once. */
const NOT_KEPT = new Set(["file", "on-interrupt", "unit"])

/** Of those that variables may stand for, as the cluster is found by them: the unit has no variables of this shell. */
const FOUND_BY = new Set(["journal", "owner", "provider", "region"])

/** The flags of this command line, which count before the file. */
function keptFlags({ values, switches, sources }: Given): readonly string[] {
  const isKept = (flag: string) => !NOT_KEPT.has(flag) && (sources[flag] === "flag" || FOUND_BY.has(flag))
  const valued = Object.entries(values).flatMap(([flag, all]) =>
    isKept(flag) ? all.flatMap((value) => [`--${flag}`, flag === "journal" ? resolve(value) : value]) : [],
  )
  return [...valued, ...[...switches].filter(isKept).map((flag) => `--${flag}`)]
}

/** As systemd reads a word: between double quotes a backslash is its own, and "%" and "$" are everywhere. */
function word(text: string): string {
  const quoted = /^[\w./:=,@%+-]+$/.test(text) ? text : JSON.stringify(text)
  return quoted.replaceAll("%", "%%").replaceAll("$", "$$$$")
}
