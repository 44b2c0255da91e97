/**
 * User data: the forms in which a guest's program is sent, for images with cloud-init. A script; a script with the user's
 * cloud-config beside it, as a MIME archive; each of them compressed. Pure.
 */
import { gunzipSync, gzipSync } from "node:zlib"

/**
 * A MIME archive of the program and the user's cloud-config ("User-data formats: MIME multi-part archive").
 *
 * @param header one more line of its head, which cloud-init passes over.
 */
export function archiveOf(program: string, cloudConfig: string, header?: string): string {
  let boundary = "muster"
  while (`${program}\n${cloudConfig}`.includes(`--${boundary}`)) boundary += "-"
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    ...(header === undefined ? [] : [header]),
    "MIME-Version: 1.0",
    "",
    ...part(boundary, "text/x-shellscript", "muster", program),
    ...part(boundary, "text/cloud-config", "startup", cloudConfig),
    `--${boundary}--`,
    "",
  ].join("\n")
}

function part(boundary: string, type: string, name: string, text: string): readonly string[] {
  // cloud-init reads the archive as text, where other letters would come to nothing.
  const isPlain = /^[\t\n\x20-\x7e]*$/.test(text)
  return [
    `--${boundary}`,
    `Content-Type: ${type}; charset="utf-8"`,
    `Content-Transfer-Encoding: ${isPlain ? "7bit" : "base64"}`,
    `Content-Disposition: attachment; filename="${name}"`,
    "",
    isPlain
      ? text
      : (
          Buffer.from(text)
            .toString("base64")
            .match(/.{1,76}/g) ?? []
        ).join("\n"),
  ]
}

/** The text as bytes, compressed where it has more than `mostBytes`: cloud-init unpacks it, and other programs of an image may not. */
export function fitted(text: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(text)
  return bytes.length <= mostBytes ? bytes : gzipSync(bytes, { level: 9 })
}

/** Far above any user data; what another program wrote must not fill this process's memory. */
const MOST_BYTES = 1024 * 1024

/** The text of user data, compressed or not. @throws Error where it cannot be unpacked. */
export function textOf(userData: Buffer): string {
  const isPacked = userData[0] === 0x1f && userData[1] === 0x8b
  return (isPacked ? gunzipSync(userData, { maxOutputLength: MOST_BYTES }) : userData).toString("utf8")
}
