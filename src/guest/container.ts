/**
 * Container: the step that starts one, and how scripts run inside. Plain `sh`, for any Linux image. Pure.
 *
 * Docker is what the machine's image has, or it is installed from the packages of Debian, Ubuntu or Amazon Linux 2023. An image
 * that the machine has already is not pulled. The container has the host's network and the group's environment.
 *
 * - Without `command` it is held open by its own `sh`.
 * - With `command` and no `startup`, the step lasts as long as the command, and its exit code is the command's.
 * - With `command` and `startup`, the command goes on beside `startup`, and it is the end of `startup` that counts.
 */
import type { Awaits, Container } from "../provider.js"
import { imageName } from "./image.js"
import { word } from "./text.js"
import { HAS_SYSTEMD } from "./timer.js"

/** What of a group its container's lines are made from. */
export interface ContainerPart {
  readonly container: Container
  /** The group has a `startup` (or `setup`) that runs inside. */
  readonly hasScript: boolean
  readonly hasGpu: boolean
  /** The group's own variables. */
  readonly environment: Readonly<Record<string, string>>
  /** What was sent: the directory of the files is at the same place inside, and secrets are given to what runs there. */
  readonly awaits?: Awaits
  /** It is told where an engine's head is. */
  readonly hasHead?: boolean
  /**
   * What logs in to the cloud's registry: the body of a function of shell. `$1` is the registry's host. It ends with
   * `muster_login_as USER`, which reads the password from standard input, or fails with its reason on standard error.
   */
  readonly login?: readonly string[]
  /**
   * The machine, and its docker, are others' as well: nothing is installed, its user's own settings of docker count, and the container
   * has the worker's name and goes when it has ended.
   */
  readonly isShared?: boolean
}

/** What the guest knows of itself; docker leaves out a variable that is not set. */
const OURS = "PROVIDER REGION CLUSTER UID GROUP DEADLINE ID INSTANCE NAME ZONE SCRATCH ADDRESS PORT"

/** The same of a worker that has an engine's head. */
const OF_ENGINES = " HEAD_ADDRESS HEAD_FILE"

/** These mean something to the docker client as well: they are given to the container by value, and kept from the client. */
const OF_THE_CLIENT = /^(?:DOCKER_.*|PATH|HOME|LD_.*|HTTPS?_PROXY|NO_PROXY|BUILDKIT_.*)$/i

/** The machine's own commands, also where the group's environment has another PATH. Tests have another. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:/snap/bin"

/** Ends at SIGTERM, as `docker stop` wants it, and waits for what scripts leave behind. */
const HELD_OPEN = 'trap "exit 0" TERM INT; while :; do sleep 86400 & wait $!; done'

/** What docker's own exit codes mean ("Exit status" of docker run). */
const EXPLAIN = `case $muster_code in
    125) echo 'muster: 125: docker could not start the container; its own message stands above' >&2 ;;
    126) echo 'muster: 126: the command cannot be run: is it executable, and for this architecture?' >&2 ;;
    127) echo 'muster: 127: the command is not in the image' >&2 ;;
  esac`

/**
 * The functions `muster_container`, which is the step, and `muster_inside FILE [ARGUMENT…]`, which runs a script of the host
 * inside; the arguments are those of `docker exec`.
 *
 * `muster_container` returns 0 once the container runs, or the exit code of what failed; with a command and no script that of the
 * command. It uses `$muster_root`, `$muster_home` (the guest's directory), and `muster_mark WORDS…`, which writes a line to the
 * status file and the console. The group's variables must be exported. Neither function changes the shell that calls it.
 *
 * @returns lines of shell, each to stand at the start of a line.
 */
export function containerLines(part: ContainerPart): readonly string[] {
  const { container, login } = part
  const logsIn = container.login !== undefined && login !== undefined
  return [
    clientFunction(part.environment, part.isShared),
    needDocker(part.isShared),
    PULL,
    ...(logsIn ? loginFunctions(login) : []),
    `muster_container() (
  muster_client
  muster_image=${word(container.image)}
  muster_registry=${word(imageName(container.image).registry)}
  muster_need_docker || exit
  ${logsIn ? 'muster_login "$muster_registry" || exit\n  ' : ""}muster_pull${platformWords(container)} || exit
  rm -f "$muster_home/container"
  docker run${runWords(part)}
  muster_code=$?
  ${EXPLAIN}
  exit "$muster_code"
)`,
    inside(part.awaits),
  ]
}

function clientFunction(environment: ContainerPart["environment"], isShared = false): string {
  const names = Object.keys(environment).filter((name) => OF_THE_CLIENT.test(name))
  const kept = names.length === 0 ? "" : `  unset ${names.join(" ")}\n`
  const settings = isShared
    ? `PATH="\${MUSTER_PATH:-\${PATH:+$PATH:}${SYSTEM_PATH}}"
  export PATH`
    : `PATH="\${MUSTER_PATH:-${SYSTEM_PATH}}" HOME="$muster_home/docker"
  DOCKER_CONFIG=$HOME
  export PATH HOME DOCKER_CONFIG`
  return `muster_client() {
${kept}  ${settings}
  mkdir -p -m 700 "$muster_home/docker"
}`
}

/**
 * Debian's and Ubuntu's `docker.io`, and `docker` of Amazon Linux 2023, start their daemon themselves or by systemd. Another
 * program may hold apt's locks at boot.
 */
const needDocker = (isShared = false) => `muster_need_docker() {
  command -v docker >/dev/null || muster_get_docker || return
  muster_left=\${MUSTER_TRIES:-${isShared ? 5 : 60}}
  until docker version >/dev/null 2>&1; do
    [ "$muster_left" -gt 0 ] || {
      echo 'muster: docker is installed, but its daemon does not answer' >&2
      docker version >&2
      return 125
    }
    ${HAS_SYSTEMD} && systemctl start docker
    muster_left=$((muster_left - 1))
    sleep 1
  done
}
${isShared ? HAVE_DOCKER : INSTALL}`

const INSTALL = `muster_install() {
  muster_os=" $(. "$muster_root/etc/os-release" && echo "$ID \${ID_LIKE:-}") "
  case $muster_os in
    *' debian '* | *' ubuntu '*)
      export DEBIAN_FRONTEND=noninteractive
      for muster_try in 1 2 3; do
        apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q -y -o DPkg::Lock::Timeout=300 install "$1" && return
        sleep "\${MUSTER_PAUSE:-5}"
      done
      return 1 ;;
    *' amzn '*) dnf -q -y install "$2" ;;
    *)
      echo "muster: $1 is not on this image, and there is no way to install it here: use an image that has it" >&2
      return 127 ;;
  esac
}
muster_get_docker() { muster_install docker.io docker; }`

const HAVE_DOCKER = `muster_get_docker() {
  echo 'muster: there is no docker on this machine: install it, or leave the container out' >&2
  return 127
}`

/** An image that the machine has is used as it is, as docker run does. A registry's refusal may be of the moment. */
const PULL = `muster_pull() {
  muster_pause=\${MUSTER_PAUSE:-5}
  for muster_try in 1 2 3 4; do
    docker image inspect "$muster_image" >/dev/null 2>&1 && break
    [ "$muster_try" -le 3 ] || {
      echo "muster: the image $muster_image could not be pulled in 3 tries" >&2
      return "$muster_code"
    }
    [ "$muster_try" = 1 ] || {
      sleep "$muster_pause"
      muster_pause=$((muster_pause * 4))
    }
    docker pull -q "$@" "$muster_image"
    muster_code=$?
  done
  muster_digest=$(docker image inspect -f '{{range .RepoDigests}}{{println .}}{{end}}{{.Id}}' "$muster_image" |
    sed -n 's/^.*@//; /^sha256:/p' | head -n 1)
  muster_mark "container digest $muster_digest"
  [ $# = 0 ] || return 0
  muster_arch=$(docker image inspect -f '{{.Architecture}}' "$muster_image")
  case $(uname -m)/$muster_arch in
    x86_64/arm64 | aarch64/amd64)
      echo "muster: the image $muster_image is for $muster_arch, and this machine is $(uname -m)" >&2
      return 126 ;;
  esac
}`

/**
 * The script is copied in, where the image's user may read it, whatever of the host is mounted there. `onNotice` may come while another
 * one is copied. One that names no interpreter is for the image's `sh`. Secrets are variables of the script: docker takes them from its own, and
 * keeps them nowhere.
 */
const inside = ({ secrets = [] }: Awaits = {}) => `muster_inside() (
  muster_client
  muster_id=$(cat "$muster_home/container") || exit
  muster_file=/muster-\${1##*/}
  muster_copy=$muster_home/docker$muster_file
  cp "$1" "$muster_copy" && chmod 755 "$muster_copy" && docker cp "$muster_copy" "$muster_id:$muster_file" >/dev/null || exit
  muster_first=
  IFS= read -r muster_first <"$1"
  shift
  set --${secrets.map((name) => ` -e ${name}`).join("")} "$@" "$muster_id"
  case $muster_first in
    '#!'*) ;;
    *) set -- "$@" sh ;;
  esac
  exec docker exec "$@" "$muster_file"
)`

function loginFunctions(login: readonly string[]): readonly string[] {
  return [
    'muster_login_as() { docker login --username "$1" --password-stdin "$muster_registry" >/dev/null; }',
    "muster_login() {",
    ...login,
    "}",
  ]
}

/** What of the user's own arguments docker pull must know. */
function platformWords({ dockerArgs }: Container): string {
  const at = dockerArgs.indexOf("--platform")
  const value = at < 0 ? dockerArgs.find((given) => given.startsWith("--platform="))?.slice(11) : dockerArgs[at + 1]
  return value === undefined ? "" : ` --platform ${word(value)}`
}

function runWords(part: ContainerPart): string {
  const { container, hasScript, hasGpu, environment, isShared = false, awaits, hasHead = false } = part
  const { image, command, dockerArgs } = container
  const has = (...names: readonly string[]) => dockerArgs.some((given) => names.includes(given.split("=", 1)[0] ?? ""))
  const variables = Object.entries(environment).map(([name, value]) =>
    OF_THE_CLIENT.test(name) ? `-e ${word(`${name}=${value}`)}` : `-e ${name}`,
  )
  return [
    ...(command === undefined || hasScript ? [" -d"] : [""]),
    '--cidfile "$muster_home/container"',
    ...(has("--name") ? [] : [isShared ? '--rm --name "muster-$MUSTER_NAME"' : "--name muster"]),
    ...(has("--network", "--net") ? [] : ["--network host"]),
    ...(hasGpu && !has("--gpus") ? ["--gpus all"] : []),
    // The folder is at the same place inside; a group without one has no such variable.
    `\${MUSTER_SCRATCH:+-v "$MUSTER_SCRATCH:$MUSTER_SCRATCH"}`,
    `$(printf ' -e MUSTER_%s' ${OURS}${hasHead ? OF_ENGINES : ""})`,
    ...(hasHead ? ['-v "$muster_home/head:$muster_home/head:ro"'] : []),
    ...variables,
    // What runs by itself has its variables from here alone; a container that is held open needs none.
    ...(command === undefined ? [] : (awaits?.secrets ?? []).map((name) => `-e ${name}`)),
    ...(awaits?.files === undefined ? [] : ['-v "$PWD:$PWD" -w "$PWD"']),
    ...dockerArgs.map(word),
    ...(command === undefined ? ["--entrypoint sh"] : []),
    word(image),
    ...(command === undefined ? ["-c", word(HELD_OPEN)] : command.map(word)),
  ].join(" ")
}
