/** Guest fields: the part of a worker's spec that says what runs on it. */
import type { Z } from "../input/parse.js"
import type { Container, GroupRequest, WhenDone } from "../provider.js"
import { durationMs, durationSchema } from "./duration.js"
import type { ResolvedGroup } from "./resolved.js"
import { tidyScript } from "./script.js"
import type { WorkerFields } from "./types.js"

const ACTION_RULE = 'use "keep", "end" or "replace", or one for each end: { success: "end", failure: "replace" }'
/** Above "/" itself, without "." and "..", of letters that need no quotes in a unit or a mount table. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/
const PATH_RULE = 'use an absolute path of letters, digits, ".", "_" and "-": "/scratch"'
/**
 * A reference as docker reads it ("distribution/reference"): a host, a path in lower case, a tag, a digest. The registry says whether
 * it exists.
 */
const HOST = /[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]+)?/
  .source
const PART = /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/.source
const IMAGE = new RegExp(
  `^(?:${HOST}/)?${PART}(?:/${PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?$`,
)
const IMAGE_RULE = 'use an image as docker pull takes it, its path in lower case: "python:3.12", "ghcr.io/me/job:1"'

const scriptSchema = (z: Z) =>
  z
    .string("use a text: the script itself, or one in each group")
    .refine((text) => !text.includes("\0"), "has a NUL, which no script can hold")
    .meta({ pattern: "^[^\\u0000]*$" })

const wordSchema = (z: Z) =>
  z
    .string()
    .refine((text) => !text.includes("\0"), "has a NUL, which no argument can hold")
    .meta({ pattern: "^[^\\u0000]*$" })

/** Muster starts the container itself, and knows it by the file of its id. */
const ARGUMENT = "^(?!(?:-d|--detach|--cidfile|--rm|--help)(?:=|$))[^\\u0000]*$"
const ARGUMENT_RULE = "is Muster's own part of docker run; leave it out"

const argumentSchema = (z: Z) =>
  wordSchema(z)
    .min(1)
    .refine((text) => new RegExp(ARGUMENT, "u").test(text), ARGUMENT_RULE)
    .meta({ pattern: ARGUMENT })

const actionSchema = (z: Z) => z.enum(["keep", "end", "replace"], ACTION_RULE)

const imageSchema = (z: Z) => z.string(IMAGE_RULE).regex(IMAGE, IMAGE_RULE)

export const guestShape = (z: Z) => ({
  startup: scriptSchema(z).optional(),
  setup: scriptSchema(z).optional(),
  whenDone: z
    .union([
      actionSchema(z),
      z.strictObject({ success: actionSchema(z).optional(), failure: actionSchema(z).optional() }),
    ])
    .optional(),
  container: z
    .union([
      imageSchema(z),
      z.strictObject({
        image: imageSchema(z),
        command: z.union([wordSchema(z).min(1), z.array(wordSchema(z)).min(1)]).optional(),
        login: z.enum(["instance"], 'use "instance": the identity that the instance has').optional(),
        dockerArgs: z.array(argumentSchema(z)).optional(),
      }),
    ])
    .optional(),
  scratch: z.string(PATH_RULE).regex(PATH, PATH_RULE).optional(),
  onNotice: scriptSchema(z).optional(),
  drain: durationSchema(z).optional(),
})

type GuestPart = Pick<
  ResolvedGroup,
  "startup" | "setup" | "whenDone" | "choosesEnd" | "container" | "scratch" | "onNotice" | "drainMs"
>

const DEFAULT_END: WhenDone = { success: "keep", failure: "replace" }

/** These fields with their defaults. The scripts are tidied; `startup` is given so already. */
export function resolveGuest(group: WorkerFields): GuestPart {
  const { startup, setup, whenDone, container, scratch, onNotice, drain } = group
  return {
    startup,
    setup: setup === undefined ? undefined : tidyScript(setup).text,
    whenDone: typeof whenDone === "string" ? { success: whenDone, failure: whenDone } : { ...DEFAULT_END, ...whenDone },
    choosesEnd: whenDone !== undefined,
    container: container === undefined ? undefined : containerOf(container),
    scratch,
    onNotice: onNotice === undefined ? undefined : tidyScript(onNotice).text,
    drainMs: durationMs(drain ?? "0s") ?? 0,
  }
}

function containerOf(container: NonNullable<WorkerFields["container"]>): Container {
  if (typeof container === "string") return { image: container, dockerArgs: [] }
  const { image, command, login, dockerArgs = [] } = container
  return {
    image,
    ...(command === undefined ? {} : { command: typeof command === "string" ? ["sh", "-c", command] : command }),
    ...(login === undefined ? {} : { login }),
    dockerArgs,
  }
}

/**
 * What of a group its guest is told; only what was asked for. Without a script or a container nothing on it ends.
 *
 * @param mayEnd a guest can end its own instance there.
 */
export function guestRequest(
  group: GuestPart,
  mayEnd = true,
): Pick<GroupRequest, "startup" | "setup" | "whenDone" | "container" | "scratch" | "onNotice"> {
  const { startup, setup, whenDone, container, scratch, onNotice } = group
  const hasEnd = startup !== undefined || setup !== undefined || container !== undefined
  return {
    ...(startup === undefined ? {} : { startup }),
    ...(setup === undefined ? {} : { setup }),
    ...(hasEnd && mayEnd ? { whenDone } : {}),
    ...(container === undefined ? {} : { container }),
    ...(scratch === undefined ? {} : { scratch }),
    ...(onNotice === undefined ? {} : { onNotice }),
  }
}
