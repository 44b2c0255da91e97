/** Verbs that work with workers: they take over no cluster, and change no target. */
import { EXIT } from "../exit-codes.js"
import {
  CLUSTER_FLAGS,
  CLUSTER_FLAGS_FOLLOWING,
  COUNT_FLAG,
  PROGRESS_FLAG,
  ROW_FLAGS,
  YES_FLAG,
} from "../flag-tables.js"
import { SPEC_FLAGS } from "../spec/spec-flags.js"
import type { Flags, Verb } from "../surroundings.js"

/** How workers of a cloud are reached is in the file, or said again. */
const ACCESS: Flags = {
  access: {
    type: "string",
    value: "here|RANGE",
    help: "the access that a cluster of a cloud was made with; the file's when left out",
  },
}

/** Where the group has a container. */
const HOST: Flags = {
  host: { type: "boolean", help: "beside the worker's container, on its machine; without a container nothing changes" },
}

const WORK_FLAGS: Flags = { ...CLUSTER_FLAGS, ...ACCESS }

const { setup: _setup, ...SPEC_FLAGS_WITHOUT_SETUP } = SPEC_FLAGS

export const WORKING: readonly Verb[] = [
  {
    name: "run",
    group: "Work",
    words: ["COMMAND..."],
    summary: "run a command for each of many inputs, on a cluster of its own or here",
    about:
      "Makes a cluster, runs the command for each line of a file (--each) or N times (--tasks), or once on each worker, and closes the cluster, whatever happens. With no file and no --provider it runs on this machine, in this directory, as many at the same time as there are processors. In the command {} is the input, {#} the number of the task from 1, {##} how many there are; with none of them the input is the last word. One word is for sh -c, several are a program and its arguments. What a task writes is shown as a whole when it has ended. What a lost worker had runs again elsewhere. Where a group has a container, commands run inside, unless --host says otherwise. The exit code is that of the first command that failed, 124 where that took longer than --task-timeout, and 125 where it is no command that failed.",
    flags: {
      each: {
        type: "string",
        value: "FILE|-",
        help: "one input a line; - is standard input. Empty lines are left out",
      },
      tasks: { type: "string", value: "N", help: "so many tasks, whose inputs are 1 to N" },
      ...COUNT_FLAG,
      slots: {
        type: "string",
        value: "N|vcpus",
        help: "tasks at the same time on one worker; 1 when left out, vcpus on this machine alone",
      },
      setup: { type: "string", value: "COMMAND", help: "what each worker runs once before its first task" },
      outputs: {
        type: "string",
        value: "DIR",
        help: "where the files go that tasks leave in the directory $MUSTER_OUTPUT",
      },
      resume: { type: "string", value: "FILE", help: "keep results there, and go on with those that it has" },
      retries: { type: "string", value: "N", help: "how often a command that failed is tried again; 0 when left out" },
      "task-timeout": { type: "string", value: "DURATION", help: "end a command after this; no limit when left out" },
      timeout: { type: "string", value: "DURATION", help: "end all of it after this; no limit when left out" },
      "keep-order": { type: "boolean", short: "k", help: "show what tasks write in the order of the inputs" },
      "fail-fast": { type: "boolean", help: "end all of it with the first command that fails" },
      ...HOST,
      json: { type: "boolean", help: "one JSON object a line for each task that has ended" },
      cluster: { type: "string", value: "NAME", help: "which cluster of a file with several" },
      group: { type: "string", short: "g", value: "GROUP", help: "tasks for the workers of this group alone" },
      ...CLUSTER_FLAGS,
      ...SPEC_FLAGS_WITHOUT_SETUP,
      ...PROGRESS_FLAG,
    },
    failed: EXIT.ownFailure,
    examples: [
      "muster run -n 2 --provider local --tasks 3 -- echo task {#} of {##}",
      "muster run -n 2 --provider local -- uname -n",
    ],
    load: () => import("./work/run/run.js"),
  },
  {
    name: "exec",
    group: "Work",
    words: ["NAME", "COMMAND..."],
    summary: "run a command on workers: all, those of a group, or one",
    about:
      "Runs a command on each running worker, at the same time. Flags of the command need -- before it. One word is for sh -c, several are a program and its arguments. With one --worker its output is passed on as it is, and the exit code is the command's; with several each line has the worker's name before it, and the exit code is the highest. 255 is a worker that could not be reached, or was lost. Where a group has a container, the command runs inside, unless --host says otherwise. Muster's own variables (MUSTER_NAME, …) and those of the group are set.",
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
      ...HOST,
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
      "Copies a file or a directory to a worker or from it. A worker's side is NAME/WORKER:PATH, where a path without / at its beginning is in the directory of the worker's startup. It is a path of the machine: a worker's container has the files of the spec and the scratch folder at the same place, and others of its own. A directory that is sent becomes what the one here is: only what differs travels, what a .gitignore names stays here, and what an earlier copy brought and is gone here is removed there. A path here that looks like a worker's begins with ./",
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
      "Opens a shell on a worker; the only one that runs where none is named. What comes in from a pipe is run, and so is a command after --, one word by a shell. The exit code is the shell's or the command's. Workers of this machine need no ssh: the shell has Muster's variables and begins in the directory of the worker's startup. It is a shell on the machine, also where the worker has a container: docker exec -it leads inside. Those of a cloud are reached by this machine's own ssh, with a configuration that is written beside the cluster's key: yours is not read. 255 is a worker that could not be reached.",
    flags: WORK_FLAGS,
    examples: ["muster ssh render default-1a2b3c4d", "muster ssh render default-1a2b3c4d -- uptime"],
    load: () => import("./work/ssh.js"),
  },
]
