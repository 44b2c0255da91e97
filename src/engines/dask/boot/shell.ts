/** Shell: what the scripts of head and workers share. Plain `sh`. Pure. */
import { hereDocument, word } from "../../../guest/text.js"
import type { DaskConfig } from "../config.js"

/** Secrets of the boots, by the names of their variables. */
export const SECRETS = { token: "ENGINE_TOKEN", tls: "ENGINE_TLS" } as const

/** Of `sysexits`: an error in how it is set up, which does not pass. */
export const EX_CONFIG = 78

/** Files of keys, in the folder that `dask_keys` makes. */
export const KEY_FILES = { authority: "ca.pem", certificate: "cert.pem", key: "key.pem" } as const

/**
 * `dask_begin` sets `$dask_dir`, the folder of what is ours on the machine, and `$dask_host`, the address that servers of the head
 * listen at: the worker's own on a machine that is others' as well, else all.
 */
export const BEGIN = `dask_say() { printf 'muster: %s\\n' "$1" >&2; }
dask_fail() { dask_say "$1"; exit ${EX_CONFIG}; }
dask_begin() {
dask_host=\${MUSTER_ADDRESS:-}
dask_dir=/var/lib/muster/dask
[ -z "$dask_host" ] || dask_dir=$PWD/dask
mkdir -p "$dask_dir" || dask_fail "$dask_dir cannot be made"
export MUSTER_DASK_DIR="$dask_dir"
}`

/** The first Python that has `distributed`, that of the requirements before others. It is looked for, and not loaded: that takes a second. */
function findPython({ python, hasRequirements }: DaskConfig): string {
  const has = `import importlib.util as u, sys; sys.exit(u.find_spec("distributed") is None${python === undefined ? "" : ` or "%d.%d" % sys.version_info[:2] != "${python}"`})`
  const found = hasRequirements ? '"$dask_dir/venv/bin/python"' : PYTHONS.join(" ")
  const which = python === undefined ? "" : ` for Python ${python}`
  return `dask_find_python() {
for dask_python in ${found}; do
command -v "$dask_python" >/dev/null 2>&1 && "$dask_python" -c ${word(has)} 2>/dev/null && return
done
dask_fail ${word(`distributed${which} is not on this machine: give dask() requirements or a version, or the group an image or container that has it`)}
}`
}

/** Of images: on the path, then where conda's have it. */
const PYTHONS = ["python3", "python", "/usr/bin/python3", "/opt/conda/bin/python", "/usr/local/bin/python3"] as const

/**
 * `dask_keys` makes a folder for keys that no other user reads, in memory where the machine has that, and sets MUSTER_DASK_KEYS. What
 * computes has no secret in its environment.
 */
function keys({ tls }: DaskConfig, hasToken: boolean): string {
  const write = [
    ...(hasToken ? [`printf %s "$${SECRETS.token}" >"$MUSTER_DASK_KEYS/token"`] : []),
    ...(tls
      ? [
          `printf %s "$${SECRETS.tls}" | "$dask_python" -c ${word(SPLIT)} "$MUSTER_DASK_KEYS" || dask_fail "the keys for TLS cannot be written"`,
        ]
      : []),
  ]
  if (write.length === 0) return ""
  const needed = [...(hasToken ? [SECRETS.token] : []), ...(tls ? [SECRETS.tls] : [])]
  return `dask_keys() {
umask 077
${needed.map((name) => `[ -n "\${${name}:-}" ] || dask_fail "the secret ${name} is not there"`).join("\n")}
MUSTER_DASK_KEYS=$dask_dir/keys
[ -n "$dask_host" ] || [ ! -d /dev/shm ] || MUSTER_DASK_KEYS=/dev/shm/muster-dask
export MUSTER_DASK_KEYS
rm -rf "$MUSTER_DASK_KEYS"
mkdir -m 700 "$MUSTER_DASK_KEYS" || dask_fail "$MUSTER_DASK_KEYS cannot be made"
${write.join("\n")}
unset ${needed.join(" ")}
umask 022
}`
}

/** What is sent is one line. */
const SPLIT = `import base64, json, os, sys
for name, text in json.loads(base64.b64decode(sys.stdin.read())).items():
    open(os.path.join(sys.argv[1], name), "w").write(text)`

/** Variables of Dask's own configuration, which the group's environment may set otherwise. */
function settings(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}="\${${name}:-${value}}"`)
    .join("\n")
}

export interface Parts {
  /** Where Python's program is written, in `$dask_dir`. */
  readonly program: readonly [file: string, text: string]
  readonly settings: Readonly<Record<string, string>>
  readonly hasToken: boolean
}

/** Everything before Dask itself starts. */
export function preparation(
  config: DaskConfig,
  { program: [file, text], settings: variables, hasToken }: Parts,
): string {
  const keysText = keys(config, hasToken)
  return [
    BEGIN,
    findPython(config),
    ...(keysText === "" ? [] : [keysText]),
    "dask_begin",
    "dask_find_python",
    ...(keysText === "" ? [] : ["dask_keys"]),
    settings({ ...variables, ...(config.tls ? { DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: "True" } : {}) }),
    hereDocument(`cat >"$dask_dir/${file}"`, text),
  ].join("\n")
}

/** Only those that are there; a template may leave lines out. */
export function lines(...given: readonly string[]): string {
  return given.filter((line) => line !== "").join("\n")
}

export function tlsFlags({ tls }: DaskConfig): readonly string[] {
  if (!tls) return []
  return ["--tls-ca-file", "--tls-cert", "--tls-key"].map(
    (flag, at) => `${flag} "$MUSTER_DASK_KEYS/${Object.values(KEY_FILES)[at]}"`,
  )
}
