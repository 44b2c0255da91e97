/** The one form in which Google answers. */
import { HttpFailure } from "./errors.js"
import type { HttpReply } from "./http.js"

/** @throws HttpFailure for what is no success, or not JSON. */
export function jsonOf(reply: HttpReply): unknown {
  if (reply.status < 200 || reply.status > 299) throw new HttpFailure(reply)
  try {
    return JSON.parse(reply.body)
  } catch {
    throw new HttpFailure(reply)
  }
}
