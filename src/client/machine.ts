/** Machine: resources of the machine that this process needs, and advice where they are missing. */
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { SpecError } from "../errors.js"

/**
 * The directory of this user's state, as the XDG Base Directory Specification has it: a relative path in its variable is to be
 * ignored. @throws SpecError where nothing says where that is.
 */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env, home: () => string = homedir): string {
  const isWindows = process.platform === "win32"
  const variable = isWindows ? "LOCALAPPDATA" : "XDG_STATE_HOME"
  const state = env[variable]
  if (state !== undefined && isAbsolute(state)) return state
  try {
    return join(home(), ".local", "state")
  } catch {
    // As in a container under a number that its passwd file does not have.
    const message = `is not set, nor is ${isWindows ? "USERPROFILE" : "HOME"}, and this user has no home directory; set one of them to a directory that this user may write`
    throw new SpecError([{ option: variable, message }])
  }
}

/** What to do about files and sockets that may not be opened any more; undefined for any other code of a failed call. */
export function openFilesAdvice(code: string | undefined): string | undefined {
  if (code === "EMFILE")
    return 'this process may have no more files and sockets open: raise its limit ("ulimit -n 65536" in its shell, LimitNOFILE= of a systemd unit), or ask for fewer at a time'
  if (code === "ENFILE")
    return "this machine may have no more files and sockets open: end what holds them, or raise fs.file-max with sysctl"
  return undefined
}
