/** Environment: what every script of the user's finds, as a file that a shell reads. Plain `sh`. Pure. */
import { hereDocument, word } from "../text.js"
import { secretLines } from "./sent.js"

/** What the guest has found out when it runs; each is there only where it was. */
const FOUND = ["MUSTER_ID", "MUSTER_INSTANCE", "MUSTER_NAME", "MUSTER_ZONE", "MUSTER_SCRATCH"]

/** Names are the caller's to check; a value may be any text without a NUL. */
export function exportLines(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `export ${name}=${word(value)}`)
}

/**
 * `muster_environment` writes the file: what the guest knows and has found, then the user's own variables. Where commands over ssh may read
 * it at any moment it has its name once all is in it, and those may read it to whom `muster_access` has given that.
 *
 * @param ours what is known before an instance has asked anybody.
 * @param more `hasSecrets`: more variables come later, in a file of their own; `hasReaders`: `muster_access` lets somebody read it.
 */
export function environmentStep(
  ours: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  { hasSecrets = false, hasReaders = false } = {},
): readonly string[] {
  const found = ours.MUSTER_HEAD_ADDRESS === undefined ? FOUND : [...FOUND, "MUSTER_HEAD_FILE"]
  const known = [`export HOME="\${HOME:-/root}"`, ...exportLines(ours)]
  return [
    "muster_environment() {",
    "(umask 077; {",
    hereDocument("cat", known.join("\n")),
    `for muster_name in ${found.join(" ")}; do`,
    "eval muster_value=\\$$muster_name",
    `case $muster_value in *"'"*) muster_value=$(printf %s "$muster_value" | sed "s/'/'\\\\\\\\''/g") ;; esac`,
    `[ -z "$muster_value" ] || printf "export %s='%s'\\n" $muster_name "$muster_value"`,
    "done",
    ...(Object.keys(own).length === 0 ? [] : [hereDocument("cat", exportLines(own).join("\n"))]),
    ...(hasSecrets
      ? [hereDocument('! muster_find_sent || sed "s|SENT|$muster_sent|"', secretLines("SENT").join("\n"))]
      : []),
    ...(hasReaders
      ? [
          '} >"$muster_home/environment.new") &&',
          '{ [ -z "$muster_readers" ] || muster_let_read "$muster_home/environment.new"; } &&',
          'mv -f "$muster_home/environment.new" "$muster_home/environment"',
        ]
      : ['} >"$muster_home/environment")']),
    "}",
  ]
}
