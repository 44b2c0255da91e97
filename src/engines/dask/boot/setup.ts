/** Setup: the script that installs what `dask()` was asked for, into an environment of its own. Plain `sh`. Pure. */
import { hereDocument, word } from "../../../guest/text.js"
import type { DaskConfig } from "../config.js"
import { BEGIN, lines, SECRETS } from "./shell.js"

/** apt may be at work for the image itself when a machine boots. */
const APT = "apt-get -o DPkg::Lock::Timeout=300 -qq"

/**
 * By `uv` where the machine has it, which brings another Python too; else by `venv` and pip, for which Debian and Ubuntu have a package
 * that images leave out. On a machine that is others' as well nothing is installed outside of the worker's directory.
 *
 * @returns undefined where nothing is to be installed.
 */
export function setupScript({ requirements, hasRequirements, python }: DaskConfig): string | undefined {
  if (!hasRequirements) return undefined
  const base = python === undefined ? "python3" : `python${python}`
  const which = python === undefined ? "" : ` --python ${python}`
  return `${lines(
    BEGIN,
    // What is installed may run programs of others.
    `unset ${Object.values(SECRETS).join(" ")}`,
    "dask_begin",
    hereDocument('cat >"$dask_dir/requirements.txt"', requirements.lines.join("\n")),
    `dask_venv=$dask_dir/venv
rm -rf "$dask_venv"
PATH="$PATH:$HOME/.local/bin:/usr/local/bin"
if command -v uv >/dev/null 2>&1; then
uv venv -q${which} "$dask_venv" || dask_fail ${word(`uv made no environment${python === undefined ? "" : ` with Python ${python}`}`)}
uv pip install -q --python "$dask_venv/bin/python" -r "$dask_dir/requirements.txt" || dask_fail "the requirements of dask() were not installed"
else
command -v ${base} >/dev/null 2>&1 || dask_fail ${word(`${base} is not on this machine, nor uv, which could bring it: give an image or container that has one of them${python === undefined ? "" : ", or leave python out"}`)}
if ! ${base} -m venv "$dask_venv" 2>"$dask_dir/venv.log"; then
if [ -z "$dask_host" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
${APT} update && DEBIAN_FRONTEND=noninteractive ${APT} install -y --no-install-recommends ${base}-venv >/dev/null
fi
rm -rf "$dask_venv"
${base} -m venv "$dask_venv" || dask_fail ${word(`${base} makes no environment here: the image needs uv, or the package ${base}-venv`)}
fi
"$dask_venv/bin/python" -m pip install -q --disable-pip-version-check -r "$dask_dir/requirements.txt" || dask_fail "the requirements of dask() were not installed"
fi`,
  )}\n`
}
