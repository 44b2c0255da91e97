/** Unit: a systemd unit that has a cluster follow its work. Pure but for where this program stands. */
import { dirname, resolve } from "node:path"
import { SpecError } from "../../../errors.js"
import { plainWord } from "../../../guest/text.js"
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
  const kept = ["journal", "owner", "progress"].flatMap((flag) => {
    const value = given.values[flag]?.[0]
    return value === undefined || given.sources[flag] !== "flag" ? [] : [`--${flag}`, value]
  })
  const progress = kept.includes("--progress") ? [] : ["--progress", "plain"]
  const onInterrupt = given.values["on-interrupt"]?.[0] ?? "let-go"
  const line = [...words, ...kept, ...progress, "--on-interrupt", onInterrupt].map(word).join(" ")
  return [
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

/** As systemd reads a word: "%" and "$" are its own. */
function word(text: string): string {
  return plainWord(text).replaceAll("%", "%%").replaceAll("$", "$$$$")
}
