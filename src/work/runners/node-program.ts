/**
 * Node program: finds Node on a worker, or installs it, and has it read the files of a runner from standard input before the runner
 * begins. The shell waits for it, and ends what it has left: a task that blocks hears of no end.
 */
import { SpecError } from "../../errors.js"
import { compact, word } from "../../guest/text.js"
import { type ProgramName, programStart, SUPERSEDED_END } from "./program.js"

/** Where Node's releases are, with the sums of their files ("SHASUMS256.txt"). */
const RELEASES = "https://nodejs.org/dist"
/** The oldest that a runner's program runs on. */
export const OLDEST_MAJOR = 18

/** Reads frames of `name length` and a file's bytes, then goes on as the first file. It reads not a byte more. */
const LOADER = `
const { readSync, writeFileSync } = require("node:fs")
const { join } = require("node:path")
const [, directory] = process.argv
const read = (length) => {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    try {
      const count = readSync(0, bytes, at, length - at, null)
      if (count === 0) process.exit(0)
      at += count
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  return bytes
}
const number = () => read(4).readUInt32BE()
for (let left = number(); left > 0; left -= 1) {
  const name = read(number()).toString()
  writeFileSync(join(directory, name), read(number()), { mode: 0o600 })
}
import(require("node:url").pathToFileURL(join(directory, "runner.mjs")).href)
`

/**
 * @param version of the Node that is installed where there is none: that of this process.
 * @param releases where it is fetched from; what `mirror` says.
 */
export function nodeProgram(name: ProgramName, version: string, releases: string): string {
  return programWith(name, findNode(version, releases))
}

/** @param node its place there. */
export function programOfNode(name: ProgramName, node: string): string {
  return programWith(name, `muster_node=${word(node)}`)
}

function programWith(name: ProgramName, find: string): string {
  const before = compact(`
    ${find}
    ${programStart(name)}
    ${SUPERSEDED_END}
    trap '' TERM`)
  const after = compact(`
    muster_code=$?
    muster_end_program "$muster_dir" KILL
    muster_exit "$muster_code"`)
  return `${before}\n"$muster_node" -e ${word(LOADER)} "$muster_dir"\n${after}`
}

/**
 * Where workers fetch Node from: the variable `MUSTER_NODE_MIRROR` of this process, which has the paths of nodejs.org/dist.
 *
 * @throws SpecError when it is no address.
 */
export function mirror(address: string | undefined = process.env.MUSTER_NODE_MIRROR): string {
  if (address === undefined || address === "") return RELEASES
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address.replace(/\/+$/, "")
  const message = 'is no address; use one with the files of nodejs.org/dist: "https://mirror.example.com/node"'
  throw new SpecError([{ option: "MUSTER_NODE_MIRROR", value: address, message }])
}

/** It is kept in the home of whoever runs tasks, for the next runner. */
function findNode(version: string, releases: string): string {
  return compact(`
    ${RUNS}
    muster_node=$(command -v node) || muster_node=
    muster_kept="\${HOME:-/tmp}/.cache/muster/node-v${version}"
    if [ -z "$muster_node" ] || ! muster_runs "$muster_node"; then muster_node="$muster_kept/bin/node"; fi
    ${installNode(version, releases)}
    if ! muster_runs "$muster_node" && ! { muster_install && muster_runs "$muster_node"; } >&2; then
      echo "there is no Node ${OLDEST_MAJOR} or newer on this worker, and Node ${version} could not be installed from ${releases}" >&2
      exit 127
    fi`)
}

/** Whether a file is a Node that is new enough. */
export const RUNS = `muster_runs() { [ "$("$1" -p 'Number.parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge ${OLDEST_MAJOR} ]; }`

/** `muster_install` brings it to `$muster_kept`, where its sum is right. */
export function installNode(version: string, releases: string): string {
  return `
    muster_get() {
      if command -v curl >/dev/null; then curl -fsSL --retry 3 -m 300 -o "$2" "$1"
      elif command -v wget >/dev/null; then wget -q -T 60 -O "$2" "$1"
      elif command -v python3 >/dev/null; then
        python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
      else echo "Node is fetched by curl, wget or python3, and none of them is on this worker" >&2; return 1
      fi
    }
    muster_install() {
      case $(uname -m) in x86_64) muster_arch=x64 ;; aarch64) muster_arch=arm64 ;; *) return 1 ;; esac
      muster_file="node-v${version}-linux-$muster_arch.tar.gz"
      mkdir -p "\${muster_kept%/*}" && muster_new=$(mktemp -d "\${muster_kept%/*}/new-XXXXXXXX") || return 1
      muster_get ${word(`${releases}/v${version}/SHASUMS256.txt`)} "$muster_new/sums" &&
      muster_get ${word(`${releases}/v${version}`)}/"$muster_file" "$muster_new/$muster_file" &&
      (cd "$muster_new" && grep " $muster_file\\$" sums | sha256sum -c - >/dev/null) &&
      mkdir "$muster_new/node" && tar -xzf "$muster_new/$muster_file" -C "$muster_new/node" --strip-components 1 &&
      mv -T "$muster_new/node" "$muster_kept"
      rm -rf "$muster_new"
    }`
}
