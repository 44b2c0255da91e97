/**
 * Program: what runs on every instance, on every cloud and on this machine. Plain `sh`, for any Linux image. Pure.
 *
 * The text is a cloud's user data. It writes the program into the guest's directory and starts it. The program goes through its
 * steps and hands the user's scripts to a unit of their own. docs/guest.md says what of it a user sees.
 */
import type { GroupRequest, Owner } from "../provider.js"
import { containerLines } from "./container.js"
import { insideLines } from "./inside.js"
import { type CloudNotice, noticeFile, noticeLines } from "./notice.js"
import { guestVariables } from "./variables.js"
import { accessStep, type Planted } from "./steps/access.js"
import { againFunctions } from "./steps/again.js"
import { environmentStep, exportLines } from "./steps/environment.js"
import { LIMITS } from "./steps/limits.js"
import { LOG_FUNCTIONS } from "./steps/log.js"
import { markFunctions } from "./steps/mark.js"
import { hasChecks, readyFunctions } from "./steps/ready.js"
import { STEP_FUNCTIONS } from "./steps/run.js"
import { scratchFolder, scratchStep } from "./steps/scratch.js"
import { awaitedSteps, hasAwaited, sentFunctions } from "./steps/sent.js"
import { hasEnd, hasWork, scriptFiles, START_WORK, workFunctions } from "./steps/work.js"
import { compact, hereDocument, isCloudConfig } from "./text.js"
import { SET_ROOT } from "./timer.js"

/**
 * What a cloud adds: lines of shell. They find `$muster_root`, `$muster_home` and the variables of `guestVariables`. Functions and
 * variables of theirs begin with `muster_`.
 */
export interface GuestCloud {
  readonly provider: string
  readonly region: string
  /** Functions and settings that the other lines use. */
  readonly setup?: readonly string[]
  /** Sets and exports MUSTER_NAME and MUSTER_ID, and what else the cloud tells an instance of itself. */
  readonly identity: readonly string[]
  /** Has the instance end at `$MUSTER_DEADLINE`; ends this shell where that is over. Left out: the cloud does it. */
  readonly deadline?: readonly string[]
  /** Has the instance end when its lease is over. */
  readonly lease?: readonly string[]
  /**
   * The body of `muster_end STEP CODE`: tells where it can how the work ended, and ends the instance. Left out: the instance cannot,
   * or something outside of it does.
   */
  readonly end?: readonly string[]
  /** How a container's image is fetched with the identity of the instance; see `containerLines`. */
  readonly login?: readonly string[]
  readonly notice?: CloudNotice
  /**
   * The instance is processes of a machine that is others' as well, and lasts no longer than they do. Whoever starts the program
   * writes the files that it needs before: the user's scripts, and the file of variables.
   */
  readonly isShared?: true
  /** Folders on a temporary disk that images of the cloud mount themselves, for the scratch folder of a machine without another. */
  readonly mounted?: readonly string[]
  /** The cloud runs its user data at every boot, not at the first alone. */
  readonly isRunAtEveryBoot?: true
}

/** What of a group its program is made of. */
export type GuestGroup = Pick<
  GroupRequest,
  | "name"
  | "startup"
  | "setup"
  | "whenDone"
  | "container"
  | "scratch"
  | "onNotice"
  | "environment"
  | "headAddress"
  | "gpu"
  | "ready"
  | "health"
  | "awaits"
> &
  Planted

/**
 * The whole program of one group.
 *
 * @param second a line to put after the first: a comment that is kept there for others to read.
 */
export function guestProgram(cloud: GuestCloud, owner: Owner, group: GuestGroup, second?: string): string {
  return [
    "#!/bin/sh",
    ...(second === undefined ? [] : [second]),
    SET_HOME,
    hereDocument('(umask 077; cat >"$muster_home/guest")', programOf(cloud, owner, group)),
    'exec /bin/sh "$muster_home/guest" boot\n',
  ].join("\n")
}

const SET_HOME = `${SET_ROOT}
muster_home="\${MUSTER_HOME:-$muster_root/var/lib/muster}"
[ -d "$muster_home" ] || mkdir -p "$muster_home"`

/** Where the newer address of an engine's head is written, when it has another. */
const HEAD_FILE = `export MUSTER_HEAD_FILE="$muster_home/head/address"
[ -d "$muster_home/head" ] || mkdir -p "$muster_home/head"`

/** The program without what writes it. It is run with `boot`, with `again` by its own unit at a later boot, with `work`, `ready`, `check …`, `notice …` and `inside …`. */
export function programOf(cloud: GuestCloud, owner: Owner, given: GuestGroup): string {
  const { startup, ...rest } = given
  // A cloud-config is cloud-init's.
  const group = isCloudConfig(startup) ? rest : given
  const ours = guestVariables(cloud.provider, cloud.region, owner, group)
  const isWorking = hasWork(group)
  return [
    SET_HOME,
    ...exportLines(ours),
    ...(group.headAddress === undefined ? [] : [HEAD_FILE]),
    markFunctions(owner.uid),
    STEP_FUNCTIONS,
    ...(cloud.setup ?? []),
    ...body("muster_identity", cloud.identity),
    ...(isWorking ? workLines(cloud, group) : []),
    ...(group.onNotice === undefined
      ? []
      : noticeLines(cloud.notice, group.container !== undefined, ["muster-work.service"])),
    ...bootFunctions(cloud, group, ours),
    ...bootLines(cloud, group, { isWorking, isLeftOut: isCloudConfig(startup) && cloud.isShared === true }),
  ].join("\n")
}

function body(name: string, lines: readonly string[]): readonly string[] {
  return [`${name}() {`, ...(lines.length === 0 ? [":"] : lines), "}"]
}

function workLines(cloud: GuestCloud, group: GuestGroup): readonly string[] {
  const { container, environment, gpu, setup, startup, awaits } = group
  return [
    LOG_FUNCTIONS,
    ...(hasAwaited(awaits) ? [sentFunctions(awaits, cloud.isShared ?? false)] : []),
    ...(container === undefined
      ? []
      : [
          ...containerLines({
            container,
            hasScript: setup !== undefined || startup !== undefined,
            hasGpu: gpu !== undefined,
            environment,
            ...(cloud.login === undefined ? {} : { login: cloud.login }),
            isShared: cloud.isShared ?? false,
            ...(awaits === undefined ? {} : { awaits }),
            hasHead: group.headAddress !== undefined,
          }),
          'muster_start_container() { . "$muster_home/environment"; muster_container; }',
          'muster_in_container() { . "$muster_home/environment"; muster_inside "$1"; }',
        ]),
    ...body("muster_end", cloud.end ?? []),
    workFunctions(group),
    ...(hasChecks(group) ? readyFunctions(group, cloud.isShared) : []),
    ...(cloud.isShared ? [] : [againFunctions(hasEnd(group) ? awaitedSteps(awaits) : []), START_WORK]),
  ]
}

function bootFunctions(
  { deadline, lease, mounted, isShared }: GuestCloud,
  group: GuestGroup,
  ours: Readonly<Record<string, string>>,
): readonly string[] {
  return [
    ...(deadline === undefined ? [] : body("muster_deadline", deadline)),
    ...(lease === undefined ? [] : body("muster_lease", lease)),
    ...(isShared ? body("muster_release", []) : [LIMITS, ...accessStep(group)]),
    ...(group.scratch === undefined
      ? []
      : [isShared ? scratchFolder(group.scratch) : scratchStep(group.scratch, mounted)]),
    ...(isShared
      ? body("muster_environment", [])
      : environmentStep(ours, group.environment, {
          hasSecrets: (group.awaits?.secrets ?? []).length > 0,
          hasReaders: group.plantedKey !== undefined,
        })),
  ]
}

/**
 * The identity comes before the first mark, because it tells whether this boot is the first one. From the first mark on nothing has
 * the boot's own output, for whose end a cloud's agent may wait.
 */
const BEGIN = compact(`
  muster_start() {
    muster_begin
    muster_identity >/dev/null 2>&1
    muster_code=$?
    muster_now
  }
  muster_join() {
    read -r muster_from <"$muster_home/begun"
    muster_now
    [ "$muster_ms" -ge 0 ] || muster_from=$((muster_from + muster_ms))
    muster_find_consoles
  }
  muster_open() {
    [ ! -e "$muster_home/status" ] || rm -rf "$muster_home/started" "$muster_home/held" "$muster_home/ending" "$muster_home/container" "$muster_home/noticed"
    printf '' >"$muster_home/status"
    printf '' >"$muster_log"
    exec </dev/null >>"$muster_log" 2>&1
    muster_find_consoles
    muster_identified=$muster_ms
    muster_mark_at 0 "identity begun"
    muster_mark_at "$muster_identified" "identity ended $muster_code"
  }`)

interface Startup {
  readonly isWorking: boolean
  /** It is for cloud-init, and there is none. */
  readonly isLeftOut: boolean
}

function bootLines(cloud: GuestCloud, group: GuestGroup, { isWorking, isLeftOut }: Startup): readonly string[] {
  const { deadline, lease, isShared, isRunAtEveryBoot } = cloud
  return [
    BEGIN,
    "case $1 in",
    ...(isWorking && !isShared
      ? [
          "work)",
          "muster_join",
          "muster_work",
          ";;",
          "again)",
          "muster_start",
          "! muster_is_again || muster_again",
          ";;",
        ]
      : []),
    ...(group.container === undefined ? [] : insideLines(group.awaits)),
    ...(hasChecks(group) ? ["ready)", "muster_join", "muster_ready", ";;", "check)", 'muster_check "$2"', ";;"] : []),
    ...(group.onNotice === undefined ? [] : ["notice)", "muster_join", "shift", 'muster_notice "$@"', ";;"]),
    "boot)",
    ...(hasChecks(group) ? [`printf '' >"$muster_home/checked"`] : []),
    "muster_start",
    ...(isWorking && !isShared ? ["if muster_is_again; then muster_again; exit 0; fi"] : []),
    "muster_open",
    ...(deadline === undefined ? [] : ["muster_host deadline muster_deadline"]),
    ...(lease === undefined ? [] : ["muster_host lease muster_lease"]),
    "muster_host limits muster_limits",
    ...(group.plantedKey === undefined || isShared ? [] : ["muster_host access muster_access"]),
    ...(group.scratch === undefined ? [] : ["muster_do scratch muster_scratch"]),
    "muster_do environment muster_environment",
    ...(isWorking && !isShared ? scriptFiles(group) : []),
    ...(group.onNotice === undefined || isShared
      ? []
      : [noticeFile(group.onNotice), "muster_host notice muster_notice_unit"]),
    ...(isWorking && !isShared && isRunAtEveryBoot === undefined ? ["muster_again_unit"] : []),
    ...(isLeftOut ? ['muster_mark "startup skipped host"'] : []),
    isWorking ? (isShared ? "muster_work" : "muster_start_work") : "muster_release",
    ";;",
    "esac",
  ]
}
