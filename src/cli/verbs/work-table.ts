/** Verbs that work with workers: they take over no cluster, and change no target. */
import { CLUSTER_FLAGS, CLUSTER_FLAGS_FOLLOWING, ROW_FLAGS, YES_FLAG } from "../flag-tables.js"
import type { Flags, Verb } from "../surroundings.js"

/** How workers of a cloud are reached is in the file, or said again. */
const ACCESS: Flags = {
  access: {
    type: "string",
    value: "here|RANGE",
    help: "the access that a cluster of a cloud was made with; the file's when left out",
  },
}

const WORK_FLAGS: Flags = { ...CLUSTER_FLAGS, ...ACCESS }

export const WORKING: readonly Verb[] = [
  {
    name: "exec",
    group: "Work",
    words: ["NAME", "COMMAND..."],
    summary: "run a command on workers: all, those of a group, or one",
    about:
      "Runs a command on each running worker, at the same time. Flags of the command need -- before it. One word is for sh -c, several are a program and its arguments. With one --worker its output is passed on as it is, and the exit code is the command's; with several each line has the worker's name before it, and the exit code is the highest. 255 is a worker that could not be reached, or was lost. Muster's own variables (MUSTER_NAME, …) and those of the group are set.",
    flags: {
      ...WORK_FLAGS,
      worker: { type: "string", short: "w", value: "WORKER", help: "on this worker alone; may be given several times" },
      group: { type: "string", short: "g", value: "GROUP", help: "on the workers of this group" },
      stdin: {
        type: "boolean",
        short: "i",
        help: "with one worker: give the command this command line's standard input",
      },
      timeout: { type: "string", value: "DURATION", help: "end the command after this; no limit when left out" },
      json: { type: "boolean", help: "the results as JSON, when all have ended" },
    },
    examples: ["muster exec render -- uname -a", "muster exec render 'echo $MUSTER_NAME'"],
    load: () => import("./work/exec.js"),
  },
  {
    name: "logs",
    group: "Work",
    words: ["NAME", "[WORKER]"],
    summary: "what a worker has written; --follow goes on",
    about:
      "Shows what the boot, setup and startup of a worker wrote: by its own log where it can be reached, else by its console, which may be minutes late. Of a worker that is gone, the last lines that this machine has kept. NAME/WORKER is taken too. With --follow what comes is shown as it comes, until the worker has ended.",
    flags: {
      ...CLUSTER_FLAGS_FOLLOWING,
      ...ACCESS,
      follow: { type: "boolean", short: "f", help: "go on, and show what is written as it comes" },
      tail: { type: "string", value: "N", help: "only so many lines of what there is; all when left out" },
    },
    examples: ["muster logs render default-1a2b3c4d --tail 20"],
    load: () => import("./work/logs.js"),
  },
  {
    name: "cp",
    group: "Work",
    words: ["SOURCE", "DESTINATION"],
    summary: "copy files to a worker, or from it: NAME/WORKER:PATH on one side",
    about:
      "Copies a file or a directory to a worker or from it. A worker's side is NAME/WORKER:PATH, where a path without / at its beginning is in the directory of the worker's startup. A directory that is sent becomes what the one here is: only what differs travels, what a .gitignore names stays here, and what an earlier copy brought and is gone here is removed there. A path here that looks like a worker's begins with ./",
    flags: WORK_FLAGS,
    examples: ["muster cp input.txt render/default-1a2b3c4d:data/", "muster cp render/default-1a2b3c4d:data results"],
    load: () => import("./work/cp.js"),
  },
  {
    name: "forward",
    group: "Work",
    words: ["NAME", "WORKER", "PORT[:LOCAL]"],
    summary: "a port of a worker on 127.0.0.1 here, until Ctrl-C",
    about:
      "Listens on 127.0.0.1, on the same port or on LOCAL (0: any that is free), and carries each connection to the port of the worker.",
    flags: WORK_FLAGS,
    examples: ["muster forward render default-1a2b3c4d 8787:0"],
    load: () => import("./work/forward.js"),
  },
  {
    name: "access",
    group: "Work",
    words: ["NAME"],
    summary: "who may reach the workers over ssh: shows it, opens, closes",
    about:
      "Shows what lets ssh in to the workers of a cluster. --from opens port 22 of those that there are now, beside what is open already; --close takes away what Muster has opened to them. The cluster's key is on every worker, so that exec, ssh and the others then reach them from here. No cluster is taken over: where another process was seen holding it, you are asked first. Workers that are launched later have what the spec's access says.",
    flags: {
      ...CLUSTER_FLAGS,
      from: { type: "string", value: "here|RANGE", help: "open to this range too; may be given several times" },
      close: { type: "boolean", help: "close what Muster has opened" },
      ...YES_FLAG,
      ...ROW_FLAGS,
    },
    examples: ["muster access render", "muster access render --from 192.0.2.0/24", "muster access render --close"],
    load: () => import("./work/access.js"),
  },
  {
    name: "ssh",
    group: "Work",
    words: ["NAME", "[WORKER]", "[COMMAND...]"],
    summary: "a shell on a worker",
    about:
      "Opens a shell on a worker; the only one that runs where none is named. What comes in from a pipe is run, and so is a command after --, one word by a shell. The exit code is the shell's or the command's. Workers of this machine need no ssh: the shell has Muster's variables and begins in the directory of the worker's startup. Those of a cloud are reached by this machine's own ssh, with a configuration that is written beside the cluster's key: yours is not read. 255 is a worker that could not be reached.",
    flags: WORK_FLAGS,
    examples: ["muster ssh render default-1a2b3c4d", "muster ssh render default-1a2b3c4d -- uptime"],
    load: () => import("./work/ssh.js"),
  },
]
